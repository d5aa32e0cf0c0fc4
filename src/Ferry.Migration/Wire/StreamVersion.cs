namespace Ferry.Migration.Wire;

/// <summary>The version of the stream; the rule is in docs/wire-format.md.</summary>
internal static class StreamVersion
{
    /// <summary>A reader takes its own major version only.</summary>
    internal const ushort Major = 1;

    /// <summary>A newer minor version adds only what an older reader may ignore.</summary>
    internal const ushort Minor = 0;
}
