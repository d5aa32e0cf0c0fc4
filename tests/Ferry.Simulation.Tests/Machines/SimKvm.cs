using Ferry.Linux;
using Ferry.Memory;
using Ferry.Simulation.Tests.Scheduling;
using Ferry.Tracking.Providers;

namespace Ferry.Simulation.Tests.Machines;

/// <summary>KVM's dirty log with manual protection, every page set at the start, as the kernel's API document has it.</summary>
internal sealed class SimKvm(SimHost host, GuestMemory memory) : IKvmDirtyCalls
{
    private const int InputOutputError = 5;
    private readonly ulong[]?[] _logs = new ulong[memory.Regions.Count][];
    private int _calls;

    /// <summary>The call that fails, from 1; 0 for none.</summary>
    public int FailingCall { get; init; }

    public IReadOnlyList<KvmSlot> Slots { get; } = [.. memory.Regions.Select((region, i) => new KvmSlot((uint)i, region))];

    public void Mark(ulong page)
    {
        for (var i = 0; i < _logs.Length; i++)
        {
            var region = memory.Regions[i];
            if (_logs[i] is { } log && page >= region.Start.Value && page <= region.Last.Value)
            {
                var index = (page - region.Start.Value) >> 12;
                log[index / 64] |= 1UL << (int)(index % 64);
            }
        }
    }

    public void SetLogging(KvmSlot slot, bool on)
    {
        Enter("KVM_SET_USER_MEMORY_REGION");
        var pages = slot.Region.LengthBytes >> 12;
        _logs[slot.Slot] = on ? Full(pages) : null;
    }

    public void GetDirtyLog(uint slot, Span<ulong> words)
    {
        Enter("KVM_GET_DIRTY_LOG");
        _logs[slot].CopyTo(words);
    }

    public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words)
    {
        Enter("KVM_CLEAR_DIRTY_LOG");
        var log = _logs[slot]!;
        if (firstPage % 64 != 0)
        {
            throw new KernelCallException("KVM_CLEAR_DIRTY_LOG", 22, $"first page {firstPage}");
        }

        for (var i = 0; i < words.Length; i++)
        {
            log[(int)(firstPage / 64) + i] &= ~words[i];
        }
    }

    public int ResetDirtyRings() => 0;

    private static ulong[] Full(ulong pages)
    {
        var words = new ulong[(pages + 63) / 64];
        for (ulong page = 0; page < pages; page++)
        {
            words[page / 64] |= 1UL << (int)(page % 64);
        }

        return words;
    }

    private void Enter(string call)
    {
        host.Scheduler.Point(call);
        if (++_calls == FailingCall)
        {
            throw new KernelCallException(call, InputOutputError, "it was told to");
        }
    }
}
