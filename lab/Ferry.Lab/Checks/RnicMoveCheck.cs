using System.IO.Hashing;
using Ferry.Lab.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Devices;
using Ferry.Migration.Reports;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A machine whose kernel device writes its memory without pause moves to another process, and goes on there; nothing but the device's log
/// tells which pages it wrote. With a log that misses writes the move is found to be wrong, and the machine goes on where it was.</summary>
internal sealed class RnicMoveCheck : ILabCheck
{
    /// <summary>The verb of ferry-lab by which the check starts the other process.</summary>
    public const string DestinationVerb = "rnic-destination";

    private const uint WarmMessages = 256;
    private const uint MoreMessages = 256;
    private static readonly Iova Rings = new(0);
    private static readonly IovaRange DescriptorRing = new(new(4096), 4096);
    private static readonly Iova Buffers = new(64 << 10);
    private static readonly TimeSpan WatchTime = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public string Name => "rnic-move";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var found = Move(new RnicOptions { RateBytes = 16 << 20 }, isGood: true);
        Move(new RnicOptions { Defect = "log-misses" }, isGood: false);
        return $"{found}; with a log that misses writes it was verified to be wrong, and rolled back";
    }

    /// <summary>What the other process does: says its port, receives the machine, lets it go on for a while, and says what arrived.</summary>
    public static int Receive(string path, TextWriter output)
    {
        using var side = new Side(path);
        var report = DeviceMove.Receive(side.Machine, DeviceMove.Plan(GuestRingTracker.TrackerName), output);
        if (report.Outcome == ReceiveOutcome.Running)
        {
            side.WaitForMessages(side.Guest.BeganAt + MoreMessages);
            side.Machine.PauseVcpus();
        }

        output.WriteLine(side.Describe(report.Outcome, side.State, side.Guest.BeganAt) + report.Reason);
        return report.Outcome == ReceiveOutcome.Running ? 0 : 1;
    }

    private static string Move(RnicOptions options, bool isGood)
    {
        using var sourceDevice = options.Create();
        using var destinationDevice = options.Create();
        using var side = new Side(VfioFiles.OpenDevice(sourceDevice.Folder));
        new Random(7).NextBytes(side.Fixed);
        side.Driver.Enable();
        LabContext.Require(VfioDeviceTracker.TryCreate(side.Rnic.Device, new(DeviceMove.DeviceId), out var log, out var reason), reason ?? "");
        using var logs = log;
        using var ring = new GuestRingTracker(DescriptorRing);
        side.Machine.ResumeVcpus();
        side.WaitForMessages(WarmMessages);
        var (report, arrived, exitCode) = DeviceMove.Run(
            side.Machine, DeviceMove.Plan(ring.Name), [ring, logs], DestinationVerb, VfioFiles.OpenDevice(destinationDevice.Folder));
        if (isGood)
        {
            LabContext.Require(report.Outcome == MigrationOutcome.Completed, $"the source says {report.Outcome}: {report.Reason}");
            LabContext.Require(arrived == side.Describe(ReceiveOutcome.Running, VfioDeviceState.Running, side.Guest.Messages), $"the destination says {arrived}");
            LabContext.Require(exitCode == 0, $"the destination ended with code {exitCode}");
            side.RequireSilence();
            var moved = report.Devices.Single();
            return $"after {side.Guest.Messages} messages by {string.Join(", ", moved.States)}, with {moved.PreCopyBytes} bytes of state ahead and {moved.StopCopyBytes} after the stop, "
                + $"in {report.Rounds.Count} rounds; {MoreMessages} more there, each the next and whole";
        }

        LabContext.Require(
            report.Outcome == MigrationOutcome.RolledBack && report.Reason?.StartsWith("Verification failed", StringComparison.Ordinal) == true,
            $"with a log that misses writes the source says {report.Outcome}: {report.Reason}");
        LabContext.Require(exitCode == 1, $"the destination of a move that failed ended with code {exitCode}");
        side.WaitForMessages(side.Guest.Messages + MoreMessages);
        side.Machine.PauseVcpus();
        return "";
    }

    /// <summary>A machine with its device, on one of both sides.</summary>
    private sealed class Side : IDisposable
    {
        private readonly GuestMemoryFile _memory = GuestMemoryFile.Create([(new(0), KernelMachine.MemoryBytes)]);
        private readonly KernelDevice _device;

        public Side(string path)
        {
            Rnic = new AttachedRnic(path, _memory);
            Driver = new RnicDriver(Rnic.Device, _memory.Memory, Rings);
            Guest = new RnicGuest(Driver, Buffers);
            _device = new KernelDevice(DeviceMove.DeviceId, "ferry-rnic", Rnic.Device);
            Machine = new KernelMachine(_memory, _device, Guest);
        }

        public AttachedRnic Rnic { get; }

        public RnicDriver Driver { get; }

        public RnicGuest Guest { get; }

        public KernelMachine Machine { get; }

        /// <summary>Memory that nobody writes.</summary>
        public Span<byte> Fixed => _memory.Memory.GetSpan(new(KernelMachine.MemoryBytes / 2), (int)KernelMachine.MemoryBytes / 2);

        public VfioDeviceState State => _device.State;

        public string Describe(ReceiveOutcome outcome, VfioDeviceState state, uint messages) =>
            $"{outcome}, device in {state}, after {messages} messages, fixed memory {XxHash3.HashToUInt64(Fixed):x16}";

        public void WaitForMessages(uint count)
        {
            LabContext.WaitFor(() => Guest.Failure is not null || Guest.Messages >= count, $"message {count} of the guest");
            LabContext.Require(Guest.Failure is null, $"the guest found: {Guest.Failure?.Message}");
        }

        /// <summary>Neither the guest nor the device does anything here any more.</summary>
        public void RequireSilence()
        {
            LabContext.Require(!Machine.IsRunning && State == VfioDeviceState.StopCopy, $"the source's device is in {State}");
            var memory = _memory.Memory.GetSpan(new(0), (int)KernelMachine.MemoryBytes);
            var before = XxHash3.HashToUInt64(memory);
            Thread.Sleep(WatchTime);
            LabContext.Require(XxHash3.HashToUInt64(memory) == before, "memory of the source was written after the machine had moved");
        }

        public void Dispose()
        {
            Machine.PauseVcpus();
            _device.Dispose();
            Driver.Dispose();
            Rnic.Dispose();
            _memory.Dispose();
        }
    }
}
