using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.Memory;

namespace Ferry.VfioUser.Tests;

/// <summary>The real tracking of a page table, of which any call can be made to fail before the kernel sees it.</summary>
internal sealed class FaultyTracking(IWriteTracking tracking, FaultyTracking.Plan plan) : IWriteTracking
{
    public void Start(Hva start, ulong lengthBytes)
    {
        plan.Pass();
        tracking.Start(start, lengthBytes);
        plan.Started++;
    }

    public void Stop(Hva start, ulong lengthBytes)
    {
        plan.Started--;
        plan.Pass();
        tracking.Stop(start, lengthBytes);
    }

    public ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end)
    {
        plan.Pass();
        return tracking.TakeWritten(ref start, end);
    }

    public void Dispose() => tracking.Dispose();

    /// <summary>Which call fails, counted from when it was said; 0 for none.</summary>
    internal sealed class Plan
    {
        private int _failing;
        private int _count;

        public int Started { get; set; }

        public void FailAt(int call) => (_failing, _count) = (call, 0);

        public void Pass()
        {
            if (++_count == _failing)
            {
                throw new KernelCallException("ioctl(test)", 5, $"call {_failing}");
            }
        }
    }
}
