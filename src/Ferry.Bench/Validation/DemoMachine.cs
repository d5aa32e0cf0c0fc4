using Ferry.Bench.Model;
using Ferry.Bench.Profiles;

namespace Ferry.Bench.Validation;

/// <summary>The machine of <c>ferry demo</c>, which whole migrations are measured with, as the model takes it.</summary>
/// <param name="memoryBytes">Its memory.</param>
/// <param name="filledBytes">What of it is filled beforehand.</param>
/// <param name="warmUpSeconds">How long <c>ferry demo</c> waits before it moves the machine.</param>
internal sealed class DemoMachine(double memoryBytes, double filledBytes, double warmUpSeconds)
{
    /// <summary>Its device.</summary>
    public const string Device = "nic0";

    // As 40 of them had it: the program beside what it works on, and how long the device writes beside the wait.
    private const double ProgramBytes = 0.42 * (1 << 20);
    private const double StartSeconds = 0.26;

    /// <summary>What the guest's program writes, in bytes.</summary>
    public double GuestWorkingSetBytes { get; init; }

    /// <summary>How fast, in bytes a second.</summary>
    public double GuestBytesPerSecond { get; init; }

    /// <summary>What the device writes, in bytes.</summary>
    public double DeviceWorkingSetBytes { get; init; }

    /// <summary>How fast, in bytes a second.</summary>
    public double DeviceBytesPerSecond { get; init; }

    /// <summary>By how large messages.</summary>
    public double MessageBytes { get; init; }

    /// <summary>The model's.</summary>
    /// <remarks>By address: the device's buffers, of which those that it has not reached hold no data, the working set of the program, what was filled.</remarks>
    public Workload Workload
    {
        get
        {
            var reached = Math.Min(DeviceWorkingSetBytes, DeviceBytesPerSecond * (warmUpSeconds + StartSeconds));
            var data = Math.Min(memoryBytes, ProgramBytes + reached + GuestWorkingSetBytes + filledBytes);
            return new Workload
            {
                MemoryBytes = memoryBytes,
                DataBytes = data,
                Writers =
                [
                    new WriterLoad(WriterLoad.Vcpus)
                    {
                        WorkingSetBytes = GuestWorkingSetBytes,
                        DirtyBytesPerSecond = GuestBytesPerSecond,
                        Position = Math.Min(1, (ProgramBytes + reached + (GuestWorkingSetBytes / 2)) / data),
                    },
                    new WriterLoad(Device)
                    {
                        WorkingSetBytes = DeviceWorkingSetBytes,
                        DirtyBytesPerSecond = DeviceBytesPerSecond,
                        WriteBytes = MessageBytes,
                        Pattern = AccessPattern.Sequential,
                        RingBytes = WriterLoad.RingOf(DeviceWorkingSetBytes, MessageBytes),
                        Position = Math.Min(1, (ProgramBytes + (reached / 2)) / data),
                    },
                ],
            };
        }
    }
}
