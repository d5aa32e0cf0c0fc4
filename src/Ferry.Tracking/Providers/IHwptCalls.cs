using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The calls that the iommufd tracker makes, so that a test can fail any of them.</summary>
internal interface IHwptCalls
{
    /// <summary>What is mapped; a new list after each change.</summary>
    IReadOnlyList<IovaRange> Mappings { get; }

    /// <summary>Starts or stops dirty tracking; a start forgets.</summary>
    void SetTracking(bool enabled);

    /// <summary>Sets the bits of dirty pages, and forgets them where that is asked for; clears no bit.</summary>
    void GetDirty(IovaRange range, PageSize pageSize, Span<ulong> words, bool clear);

    /// <summary>Unmaps all mappings within a range.</summary>
    void Unmap(IovaRange range);
}
