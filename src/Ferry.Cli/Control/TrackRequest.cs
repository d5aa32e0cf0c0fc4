namespace Ferry.Cli.Control;

/// <summary>A change of who tracks a source while a migration is under way.</summary>
internal sealed record TrackRequest
{
    /// <summary>The source: <c>vcpus</c> or a device id.</summary>
    public string Source { get; set; } = "";

    /// <summary>The tracker.</summary>
    public string With { get; set; } = "";

    /// <summary>One of <see cref="Kinds"/>: whether it replaces all others of the source, joins them, or goes.</summary>
    public string Kind { get; set; } = Kinds[0];

    /// <summary>Its page size; 0 for the finest.</summary>
    public ulong PageSizeBytes { get; set; }

    /// <summary>What may be asked for.</summary>
    public static string[] Kinds { get; } = ["replace", "add", "drop"];

    /// <summary>Checks what can be checked without the machine.</summary>
    /// <exception cref="ControlException">A member makes no sense; the message names it.</exception>
    public void Validate()
    {
        if (Source.Length is 0 or > 64 || !Policies.PolicyChoices.Trackers.Contains(With) || !Kinds.Contains(Kind))
        {
            throw new ControlException(
                ControlErrors.BadRequest, "track needs \"track\": {\"source\": \"vcpus\" or a device id, \"with\": a tracker, \"kind\": \"replace\", \"add\" or \"drop\"}; "
                    + Values.NearestName.Suggest(With, Policies.PolicyChoices.Trackers));
        }

        MigrateChoices.CheckPageSize("page-size", PageSizeBytes);
    }
}
