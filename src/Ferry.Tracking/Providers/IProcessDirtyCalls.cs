using Ferry.Linux.Userfault;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The calls that the process tracker makes, so that a test can fail any of them.</summary>
internal interface IProcessDirtyCalls : IDisposable
{
    /// <summary>Starts seeing writes to mapped memory.</summary>
    void Start(Hva start, ulong lengthBytes);

    /// <summary>Stops seeing them.</summary>
    void Stop(Hva start, ulong lengthBytes);

    /// <summary>Finds some written pages, protects them again, and moves the start to where it got.</summary>
    ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end);
}
