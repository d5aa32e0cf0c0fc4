using Ferry.Linux;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>KVM's calls, each of which can be made to fail before the kernel sees it.</summary>
internal sealed class FaultyKvmCalls(IKvmDirtyCalls calls) : IKvmDirtyCalls
{
    private int _failing;
    private int _count;

    /// <summary>The calls made since <see cref="FailAt"/>, failed ones included.</summary>
    public int Count => _count;

    public bool FailNext() => FailAt(1);

    /// <summary>Fails the <paramref name="call"/>-th call from now on, counted from 1.</summary>
    public bool FailAt(int call)
    {
        (_failing, _count) = (call, 0);
        return true;
    }

    public void SetLogging(KvmSlot slot, bool on)
    {
        Pass();
        calls.SetLogging(slot, on);
    }

    public void GetDirtyLog(uint slot, Span<ulong> words)
    {
        Pass();
        calls.GetDirtyLog(slot, words);
    }

    public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words)
    {
        Pass();
        calls.ClearDirtyLog(slot, firstPage, pageCount, words);
    }

    /// <summary>Makes the next reset say that it was not whole, as one that a signal ended does.</summary>
    public bool CutNextReset { get; set; }

    public int ResetDirtyRings()
    {
        Pass();
        var reset = calls.ResetDirtyRings();
        (var isCut, CutNextReset) = (CutNextReset, false);
        return isCut ? reset - 1 : reset;
    }

    private void Pass()
    {
        if (Interlocked.Increment(ref _count) == _failing)
        {
            throw new KernelCallException("ioctl(test)", 5, $"call {_failing}");
        }
    }
}
