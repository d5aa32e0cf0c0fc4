namespace Ferry.Cli.Documents;

/// <summary>Where a machine runs after a migration was tried.</summary>
internal static class RunsAt
{
    public const string Source = "source";
    public const string Destination = "destination";
    public const string InDoubt = "in-doubt";
}
