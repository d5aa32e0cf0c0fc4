namespace Ferry.Cli.Control;

/// <summary>The verbs of the control protocol.</summary>
internal static class ControlVerbs
{
    public const string Status = "status";
    public const string Migrate = "migrate";
    public const string Cancel = "cancel";
    public const string Plan = "plan";
    public const string Track = "track";
    public const string Attach = "attach";
    public const string Register = "register";
    public const string Pause = "pause";
    public const string Resume = "resume";
    public const string SelfCheck = "self-check";
    public const string Settle = "settle";
    public const string Quit = "quit";

    /// <summary>All verbs.</summary>
    public static IReadOnlyList<string> All { get; } = [Status, Migrate, Cancel, Plan, Track, Attach, Register, Pause, Resume, SelfCheck, Settle, Quit];
}
