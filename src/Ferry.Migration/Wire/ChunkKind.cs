namespace Ferry.Migration.Wire;

/// <summary>What a chunk on a data channel brings.</summary>
internal enum ChunkKind : byte
{
    /// <summary>The pages as they are.</summary>
    Raw = 1,

    /// <summary>Nothing: the pages are zero.</summary>
    Zero = 2,

    /// <summary>The pages one after the other, as one LZ4 block.</summary>
    Lz4 = 3,

    /// <summary>The pages one after the other, as one Zstandard frame.</summary>
    Zstd = 4,

    /// <summary>Nothing more comes on this channel in this round.</summary>
    EndOfRound = 5,
}
