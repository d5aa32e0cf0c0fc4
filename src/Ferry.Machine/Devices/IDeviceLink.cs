using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Machine.Devices;

/// <summary>The way by which a machine reaches a device: vfio-user, or VFIO's drivers in the kernel. What differs between the two is behind this.</summary>
/// <remarks>What the device refuses, and a device that has gone, are <see cref="IOException"/>. Regions may be accessed by any thread, all else by
/// one at a time.</remarks>
internal interface IDeviceLink : IDisposable
{
    /// <summary>What it is in messages: where it listens, or its address.</summary>
    string Name { get; }

    /// <summary>What its state bytes are called beside its kind, so that no device gets those of another sort; null for those of a vfio-user device.</summary>
    string? StateFormat { get; }

    /// <summary>Why it can't be reached any more, or null.</summary>
    Exception? Failure { get; }

    /// <summary>The regions that it has, by their number.</summary>
    IReadOnlyList<DeviceRegion> Regions { get; }

    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags MigrationFlags { get; }

    /// <summary>Reads registers.</summary>
    void Read(int region, ulong offsetBytes, Span<byte> data);

    /// <summary>Writes registers, and waits until the device has taken it.</summary>
    void Write(int region, ulong offsetBytes, ReadOnlySpan<byte> data);

    /// <summary>Maps what can be mapped of a region and can become guest memory: whole pages that stay there whatever the device does.</summary>
    IReadOnlyList<MappedArea> Map(int region);

    /// <summary>Asks for its migration state.</summary>
    VfioDeviceState GetState();

    /// <summary>Makes it take an arc or a combination of arcs; when it returns the device is there.</summary>
    void SetState(VfioDeviceState next);

    /// <summary>It may do DMA again.</summary>
    void AllowDma();

    /// <summary>It is stopped, so that whatever DMA comes of it yet is refused.</summary>
    void ForbidDma();

    /// <summary>An estimate of the bytes that STOP_COPY will give, or null.</summary>
    ulong? EstimateStopCopyBytes();

    /// <summary>Reads state bytes.</summary>
    int ReadState(Span<byte> buffer);

    /// <summary>Writes state bytes, all of them.</summary>
    void WriteState(ReadOnlySpan<byte> data);

    /// <summary>How many interrupts came so far; null where nobody takes them. From any thread.</summary>
    ulong? CountInterrupts();

    /// <summary>Makes the trackers that see the writes of this device alone.</summary>
    IEnumerable<IDirtyTracker> CreateTrackers(DmaSource source);

    /// <summary>Why there is no tracker of a name for it; null where that is not known.</summary>
    string? WhyNoTracker(string name);
}
