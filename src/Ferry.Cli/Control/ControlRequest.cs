namespace Ferry.Cli.Control;

/// <summary>One line from a client of the control socket.</summary>
internal sealed record ControlRequest
{
    /// <summary>The version of the protocol that this program speaks.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version that the client speaks.</summary>
    public int Version { get; set; } = CurrentVersion;

    /// <summary>A number that the client chooses; every reply to the request carries it.</summary>
    public long Id { get; set; }

    /// <summary>One of <see cref="ControlVerbs"/>.</summary>
    public string Verb { get; set; } = "";

    /// <summary>For <c>migrate</c> and <c>plan</c>.</summary>
    public MigrateRequest? Migrate { get; set; }

    /// <summary>For <c>migrate</c>: whether replies of kind <c>events</c> are wanted.</summary>
    public bool Events { get; set; }

    /// <summary>For <c>track</c>.</summary>
    public TrackRequest? Track { get; set; }

    /// <summary>For <c>attach</c>.</summary>
    public AttachRequest? Attach { get; set; }

    /// <summary>For <c>register</c>.</summary>
    public RegisterRequest? Register { get; set; }

    /// <summary>For <c>settle</c>: <c>ask</c>, <c>resume</c> or <c>discard</c>.</summary>
    public string? Choice { get; set; }
}
