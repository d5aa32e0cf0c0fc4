using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using Ferry.Lab.Devices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Devices;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A machine with a kernel device moves to another process, over TCP, with the device's state and all memory.</summary>
internal sealed class MttyMoveCheck : ILabCheck
{
    /// <summary>The verb of ferry-lab by which the check starts the other process.</summary>
    public const string DestinationVerb = "mtty-destination";

    private const string DeviceId = "serial0";
    private const byte Mark = 0x5a;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public string Name => "mtty-move";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var sourceDevice = MediatedDevice.Create("mtty", "mtty-2");
        using var destinationDevice = MediatedDevice.Create("mtty", "mtty-2");
        using var mtty = new MttyDevice(VfioFiles.OpenDevice(sourceDevice.Folder));
        using var device = new KernelDevice(DeviceId, "mtty", mtty.Device);
        using var machine = new KernelMachine(device);
        mtty.ScratchByte = Mark;
        var memory = machine.Memory.GetSpan(new(0), (int)machine.Memory.TotalBytes);
        new Random(7).NextBytes(memory[(memory.Length / 2)..]);
        LabContext.Require(VfioDeviceTracker.TryCreate(mtty.Device, new(DeviceId), out var log, out var reason), reason ?? "");
        using var logs = log;
        using var all = new AllTracker();
        machine.ResumeVcpus();
        using var other = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [DestinationVerb, VfioFiles.OpenDevice(destinationDevice.Folder)])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            var report = new MigrationSource(machine, Options(Plan(), int.Parse(ReadLine(other), CultureInfo.InvariantCulture), all, logs)).Run();
            LabContext.Require(report.Outcome == MigrationOutcome.Completed, $"the source says {report.Outcome}: {report.Reason}");
            var arrived = ReadLine(other);
            LabContext.Require(arrived == Describe(ReceiveOutcome.Running, VfioDeviceState.Running, Mark, memory), $"the destination says {arrived}");
            LabContext.Require(!machine.IsRunning && device.State == VfioDeviceState.StopCopy, $"the source's device is in {device.State}");
            LabContext.Require(other.WaitForExit(Patience) && other.ExitCode == 0, "the destination did not end by itself");
            var moved = report.Devices.Single();
            return $"{moved.PreCopyBytes + moved.StopCopyBytes} bytes of state, {moved.PreCopyBytes} of them ahead, by {string.Join(", ", moved.States)}; {memory.Length} bytes of memory";
        }
        finally
        {
            if (!other.HasExited)
            {
                other.Kill();
                other.WaitForExit();
            }
        }
    }

    /// <summary>What the other process does: says its port, receives the machine, and says what arrived.</summary>
    public static int Receive(string path, TextWriter output)
    {
        using var mtty = new MttyDevice(path);
        using var device = new KernelDevice(DeviceId, "mtty", mtty.Device);
        using var machine = new KernelMachine(device);
        using var listener = new TcpConnectionListener(new IPEndPoint(IPAddress.Loopback, 0), Patience);
        output.WriteLine(listener.EndPoint.Port.ToString(CultureInfo.InvariantCulture));
        output.Flush();
        var plan = Plan();
        var report = new MigrationDestination(machine, new DestinationOptions
        {
            Listener = listener,
            Load = plan.Load,
            Start = plan.Start,
            PeerTimeout = Patience,
            ConnectWait = Patience,
            SettleWait = Patience,
        }).Run();
        output.WriteLine(Describe(report.Outcome, device.State, mtty.ScratchByte, machine.Memory.GetSpan(new(0), (int)machine.Memory.TotalBytes)) + report.Reason);
        return report.Outcome == ReceiveOutcome.Running ? 0 : 1;
    }

    private static MigrationPlan Plan() => MigrationPlanner.Plan(new PlanRequest
    {
        Devices = [new PlanDevice { Id = DeviceId, Migration = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy, LoggingPageSizes = [PageSize.Size4K] }],
        Trackers = [new PlanTracker("all", [DmaSource.Vcpus.Id], PageSize.Size4K), new PlanTracker("vfio-device", [DeviceId], PageSize.Size4K)],
        Verify = true,
    }) is PlanResult.Planned planned
        ? planned.Plan
        : throw new CheckFailedException("the migration can't be planned");

    private static SourceOptions Options(MigrationPlan plan, int port, AllTracker all, VfioDeviceTracker log) => new()
    {
        Plan = plan,
        Trackers = new Dictionary<string, IDirtyTracker> { ["all"] = all, ["vfio-device"] = log },
        Connector = new TcpConnector(new IPEndPoint(IPAddress.Loopback, port), Patience, Patience),
        PeerTimeout = Patience,
        SettleWait = Patience,
    };

    private static string Describe(ReceiveOutcome outcome, VfioDeviceState state, byte mark, ReadOnlySpan<byte> memory) =>
        $"{outcome}, device in {state}, mark {mark:x2}, memory {XxHash3.HashToUInt64(memory):x16}";

    private static string ReadLine(Process process)
    {
        var line = process.StandardOutput.ReadLineAsync();
        return line.Wait(Patience) && line.Result is { } text ? text : throw new CheckFailedException("the destination said nothing");
    }
}
