using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform;

/// <summary>A connection to the device that is checked: what the checks need of it, however it is reached.</summary>
/// <remarks>What the device refuses is a <see cref="CommandRefusedException"/>; a device that has gone, does not answer in time or answers
/// something malformed is a <see cref="DeviceFaultException"/>. Called by one thread. Source: linux/vfio.h; QEMU docs/interop/vfio-user.rst.</remarks>
public interface IDeviceUnderTest : IDisposable
{
    /// <summary>How its commands are written in reports.</summary>
    ICommandTexts Texts { get; }

    /// <summary>What was done to reach it, a command a line.</summary>
    IReadOnlyList<string> Opening { get; }

    /// <summary>Asks what the device claims to have.</summary>
    DeviceAbilities AskAbilities();

    /// <summary>Asks for the migration state.</summary>
    VfioDeviceState GetState();

    /// <summary>Asks for a state; numbers that are no state are passed on.</summary>
    /// <returns>Whether that opened a data session; null where the interface does not tell.</returns>
    bool? SetState(VfioDeviceState next);

    /// <summary>Asks how many bytes STOP_COPY will give; null where the device does not say.</summary>
    ulong? EstimateStopCopyBytes();

    /// <summary>Asks how much pre-copy still has; null where the interface has no such question.</summary>
    VfioPreCopyInfo? AskPreCopy();

    /// <summary>Reads from the data channel: of the session that was opened last, also where that has ended.</summary>
    DataRead ReadData(Span<byte> buffer);

    /// <summary>Writes to the data channel: to the session that was opened last, also where that has ended.</summary>
    void WriteData(ReadOnlySpan<byte> data);

    /// <summary>Lets the device read and write all of <paramref name="file"/> at <paramref name="range"/>.</summary>
    /// <param name="range">Where the device sees it.</param>
    /// <param name="file">The memory, shared.</param>
    /// <param name="memory">Where this process has all of it mapped.</param>
    void MapDma(IovaRange range, SafeFileHandle file, Hva memory);

    /// <summary>Starts the log of DMA writes.</summary>
    /// <returns>The page size that the device chose.</returns>
    PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize);

    /// <summary>Stops the log.</summary>
    void StopDmaLog();

    /// <summary>ORs into <paramref name="bitmap"/> the pages of the range that were written since the last report.</summary>
    void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap);

    /// <summary>Reads registers.</summary>
    void ReadRegion(int region, ulong offset, Span<byte> data);

    /// <summary>Writes registers, and waits until the device has taken it.</summary>
    void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>Makes the device signal <paramref name="signal"/>, which stays the caller's, for interrupt 0 of an index.</summary>
    void SetInterrupt(int index, EventFile signal);

    /// <summary>Resets the device.</summary>
    void Reset();
}
