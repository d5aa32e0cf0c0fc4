using System.Runtime.CompilerServices;
using Ferry.Linux.Events;

namespace Ferry.Linux.Vfio;

public sealed unsafe partial class VfioDevice
{
    internal const uint InterruptCanSignal = 1;
    internal const uint InterruptCanMask = 2;
    internal const uint InterruptIsMaskedBySignal = 4;
    internal const uint InterruptIsFixed = 8;
    internal const uint DataNone = 1;
    internal const uint DataEvent = 4;
    internal const uint ActionMask = 8;
    internal const uint ActionUnmask = 16;
    internal const uint ActionTrigger = 32;
    private const int MaxEvents = 4096;

    /// <summary>Asks for the interrupts of a kind.</summary>
    /// <param name="index">Below <see cref="VfioDeviceInfo.InterruptCount"/>.</param>
    /// <exception cref="KernelCallException">There is no such kind.</exception>
    public VfioInterrupts GetInterrupts(uint index)
    {
        var info = new VfioInterruptInfoHead { Argsz = (uint)sizeof(VfioInterruptInfoHead), Index = index };
        VfioCalls.Call(_handle, VfioCalls.DeviceGetInterruptInfo, ref info, $"interrupts {index} of {Name}");
        return new(
            index,
            info.Count,
            (info.Flags & InterruptCanSignal) != 0,
            (info.Flags & InterruptCanMask) != 0,
            (info.Flags & InterruptIsMaskedBySignal) != 0,
            (info.Flags & InterruptIsFixed) != 0);
    }

    /// <summary>Lets interrupts signal event files, and enables their kind.</summary>
    /// <param name="index">The kind.</param>
    /// <param name="start">The first interrupt.</param>
    /// <param name="events">One for each from there; null takes an interrupt's event away. They stay the caller's.</param>
    /// <exception cref="ArgumentOutOfRangeException">None, or more than 4096.</exception>
    /// <exception cref="KernelCallException">The kernel refused, for instance because there are fewer interrupts.</exception>
    public void SetInterruptEvents(uint index, uint start, IReadOnlyList<EventFile?> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count is 0 or > MaxEvents)
        {
            throw new ArgumentOutOfRangeException(nameof(events), events.Count, $"1 to {MaxEvents} event files are set at once.");
        }

        var bytes = new byte[sizeof(VfioInterruptSet) + (events.Count * sizeof(int))];
        Unsafe.WriteUnaligned(ref bytes[0], new VfioInterruptSet
        {
            Argsz = (uint)bytes.Length,
            Flags = DataEvent | ActionTrigger,
            Index = index,
            Start = start,
            Count = (uint)events.Count,
        });
        for (var i = 0; i < events.Count; i++)
        {
            Unsafe.WriteUnaligned(ref bytes[sizeof(VfioInterruptSet) + (i * sizeof(int))], events[i] is { } file ? (int)file.Handle.DangerousGetHandle() : -1);
        }

        fixed (byte* pointer = bytes)
        {
            VfioCalls.Call(_handle, VfioCalls.DeviceSetInterrupts, (nint)pointer, $"{events.Count} events of interrupts {index} of {Name}");
        }

        GC.KeepAlive(events);
    }

    /// <summary>Disables all interrupts of a kind.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void DisableInterrupts(uint index) => SetInterrupts(index, 0, 0, ActionTrigger);

    /// <summary>Makes the kernel act as if the device had raised an interrupt, once its event is set.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void TriggerInterrupt(uint index, uint interrupt) => SetInterrupts(index, interrupt, 1, ActionTrigger);

    /// <summary>Holds an interrupt back.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because this kind can't be masked.</exception>
    public void MaskInterrupt(uint index, uint interrupt) => SetInterrupts(index, interrupt, 1, ActionMask);

    /// <summary>Lets an interrupt through again.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because this kind can't be masked.</exception>
    public void UnmaskInterrupt(uint index, uint interrupt) => SetInterrupts(index, interrupt, 1, ActionUnmask);

    private void SetInterrupts(uint index, uint start, uint count, uint action)
    {
        var set = new VfioInterruptSet { Argsz = (uint)sizeof(VfioInterruptSet), Flags = DataNone | action, Index = index, Start = start, Count = count };
        VfioCalls.Call(_handle, VfioCalls.DeviceSetInterrupts, ref set, $"interrupts {index} of {Name}");
    }
}
