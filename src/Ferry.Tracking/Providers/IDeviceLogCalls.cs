using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The calls that the tracker of a kernel VFIO device makes, so that a test can fail any of them.</summary>
internal interface IDeviceLogCalls
{
    /// <summary>The device, for messages.</summary>
    string Device { get; }

    /// <summary>Starts logging; gives the page size that is logged at.</summary>
    PageSize Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize);

    /// <summary>Sets the bits of pages that were written, and forgets them; clears no bit.</summary>
    void Report(IovaRange range, PageSize pageSize, Span<ulong> words);

    /// <summary>Stops logging.</summary>
    void Stop();
}
