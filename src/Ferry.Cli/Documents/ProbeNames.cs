namespace Ferry.Cli.Documents;

/// <summary>The words of <see cref="ProbeProviderDocument.Status"/> and <see cref="ObstacleDocument.Kind"/>.</summary>
internal static class ProbeNames
{
    public const string Can = "can";
    public const string Cannot = "cannot";
    public const string NotPermitted = "not-permitted";
    public const string Unknown = "unknown";
    public const string Missing = "missing";
    public const string InUse = "in-use";
    public const string NotTried = "not-tried";
    public const string Failed = "failed";
}
