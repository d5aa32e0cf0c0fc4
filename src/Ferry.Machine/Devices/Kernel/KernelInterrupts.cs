using Ferry.Linux;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>The interrupts of a kernel device, taken by event files and counted. The guest's program looks at completions by itself and has no use for them.</summary>
/// <remarks>Of a kind whose interrupts the kernel masks when it signals one (INTx), one comes for each time that they are counted.</remarks>
internal sealed class KernelInterrupts : IDisposable
{
    private const int MostEvents = 64;

    // Best first: each MSI-X has a vector of its own.
    private static readonly uint[] PciKinds = [VfioInterrupts.PciMsix, VfioInterrupts.PciMsi, VfioInterrupts.PciIntx];

    private readonly Lock _gate = new();
    private readonly VfioDevice _device;
    private readonly VfioInterrupts? _kind;
    private readonly EventFile[] _events;
    private ulong _count;

    private KernelInterrupts(VfioDevice device, VfioInterrupts? kind, EventFile[] events) => (_device, _kind, _events) = (device, kind, events);

    /// <summary>Enables the interrupts of the best kind that the device has; none where it has none that can signal event files.</summary>
    public static KernelInterrupts Enable(VfioDevice device, VfioDeviceInfo info)
    {
        IEnumerable<uint> kinds = info.IsPci ? PciKinds : Enumerable.Range(0, (int)info.InterruptCount).Select(index => (uint)index);
        foreach (var index in kinds)
        {
            if (TryGet(device, index) is not { Count: > 0, CanSignal: true } kind)
            {
                continue;
            }

            EventFile[] events = [.. Enumerable.Range(0, (int)Math.Min(kind.Count, MostEvents)).Select(_ => new EventFile())];
            try
            {
                device.SetInterruptEvents(index, 0, events);
                return new(device, kind, events);
            }
            catch (KernelCallException)
            {
                // The next kind may do.
                Array.ForEach(events, each => each.Dispose());
            }
        }

        return new(device, null, []);
    }

    /// <summary>How many came so far; null where none can come. From any thread.</summary>
    public ulong? Count()
    {
        lock (_gate)
        {
            if (_kind is null)
            {
                return null;
            }

            for (uint i = 0; i < _events.Length; i++)
            {
                var taken = _events[i].Take();
                _count += taken;
                if (taken > 0 && _kind.IsMaskedBySignal)
                {
                    Unmask(i);
                }
            }

            return _count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            // The kernel lets go of them with the device.
            Array.ForEach(_events, each => each.Dispose());
        }
    }

    private void Unmask(uint interrupt)
    {
        try
        {
            _device.UnmaskInterrupt(_kind!.Index, interrupt);
        }
        catch (KernelCallException)
        {
            // A device that was taken away raises none any more.
        }
    }

    private static VfioInterrupts? TryGet(VfioDevice device, uint index)
    {
        try
        {
            return device.GetInterrupts(index);
        }
        catch (KernelCallException)
        {
            return null;
        }
    }
}
