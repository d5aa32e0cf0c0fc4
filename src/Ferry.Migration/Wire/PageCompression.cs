namespace Ferry.Migration.Wire;

/// <summary>How pages are compressed on the way.</summary>
public enum PageCompression
{
    /// <summary>They are not: pages go straight from guest memory to the socket.</summary>
    None = 0,

    /// <summary>LZ4 blocks.</summary>
    Lz4 = 1,

    /// <summary>Zstandard frames.</summary>
    Zstd = 2,
}
