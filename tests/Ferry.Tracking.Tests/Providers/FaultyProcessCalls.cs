using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>The process tracker's calls, each of which can be made to fail before the kernel sees it.</summary>
internal sealed class FaultyProcessCalls(IProcessDirtyCalls calls) : IProcessDirtyCalls
{
    private int _failing;
    private int _count;

    /// <summary>The number of ranges that are started in the kernel.</summary>
    public int Started { get; private set; }

    public bool FailNext() => FailAt(1);

    /// <summary>Fails the <paramref name="call"/>-th call from now on, counted from 1.</summary>
    public bool FailAt(int call)
    {
        (_failing, _count) = (call, 0);
        return true;
    }

    public void Start(Hva start, ulong lengthBytes)
    {
        Pass();
        calls.Start(start, lengthBytes);
        Started++;
    }

    public void Stop(Hva start, ulong lengthBytes)
    {
        Pass();
        calls.Stop(start, lengthBytes);
        Started--;
    }

    public ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end)
    {
        Pass();
        return calls.TakeWritten(ref start, end);
    }

    public void Dispose() => calls.Dispose();

    private void Pass()
    {
        if (++_count == _failing)
        {
            throw new KernelCallException("ioctl(test)", 5, $"call {_failing}");
        }
    }
}
