using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The calls that the type1 tracker makes, so that a test can fail any of them.</summary>
internal interface IType1Calls
{
    /// <summary>What is mapped; a new list after each change.</summary>
    IReadOnlyList<IovaRange> Mappings { get; }

    /// <summary>Starts dirty tracking.</summary>
    void Start();

    /// <summary>Stops it.</summary>
    void Stop();

    /// <summary>Reads and forgets the dirty pages of one mapping; overwrites the words.</summary>
    void GetDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words);

    /// <summary>Unmaps one mapping, and reads its dirty pages; overwrites the words.</summary>
    void UnmapWithDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words);

    /// <summary>Unmaps all mappings within a range.</summary>
    void Unmap(IovaRange range);
}
