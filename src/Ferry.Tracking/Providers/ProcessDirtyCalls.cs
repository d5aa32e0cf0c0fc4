using Ferry.Linux.Userfault;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The real calls.</summary>
internal sealed class ProcessDirtyCalls(WriteTracking tracking) : IProcessDirtyCalls
{
    public void Start(Hva start, ulong lengthBytes) => tracking.Start(start, lengthBytes);

    public void Stop(Hva start, ulong lengthBytes) => tracking.Stop(start, lengthBytes);

    public ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end) => tracking.TakeWritten(ref start, end);

    public void Dispose() => tracking.Dispose();
}
