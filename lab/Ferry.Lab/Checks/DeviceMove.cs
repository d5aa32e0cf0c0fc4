using System.Diagnostics;
using System.Globalization;
using System.Net;
using Ferry.Lab.Devices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Tracking;

namespace Ferry.Lab.Checks;

/// <summary>The move of a machine with one kernel device to another process of ferry-lab, over TCP.</summary>
internal static class DeviceMove
{
    /// <summary>The name by which the device is known on both sides.</summary>
    public const string DeviceId = "device0";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The plan of both sides: memory is verified when the machine is handed over.</summary>
    /// <param name="vcpuTracker">The name of the tracker of what stands for vCPUs.</param>
    public static MigrationPlan Plan(string vcpuTracker) => MigrationPlanner.Plan(new PlanRequest
    {
        Devices = [new PlanDevice { Id = DeviceId, Migration = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy, LoggingPageSizes = [PageSize.Size4K] }],
        Trackers = [new PlanTracker(vcpuTracker, [DmaSource.Vcpus.Id], PageSize.Size4K), new PlanTracker("vfio-device", [DeviceId], PageSize.Size4K)],
        Verify = true,
    }) is PlanResult.Planned planned
        ? planned.Plan
        : throw new CheckFailedException("the migration can't be planned");

    /// <summary>Starts the other process, and moves a machine to it.</summary>
    /// <param name="machine">The machine, which runs.</param>
    /// <param name="plan">What is done.</param>
    /// <param name="trackers">Its trackers, by the plan's names.</param>
    /// <param name="destination">The arguments of the process that receives: what <see cref="Receive"/> is called by.</param>
    /// <returns>What the source says of it, what the other process says, and the code that it ended with.</returns>
    public static (MigrationReport Report, string Arrived, int ExitCode) Run(
        KernelMachine machine, MigrationPlan plan, IReadOnlyList<IDirtyTracker> trackers, params string[] destination)
    {
        using var other = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, destination) { RedirectStandardOutput = true })!;
        try
        {
            var report = new MigrationSource(machine, new SourceOptions
            {
                Plan = plan,
                Trackers = trackers.ToDictionary(tracker => tracker.Name),
                Connector = new TcpConnector(new IPEndPoint(IPAddress.Loopback, int.Parse(ReadLine(other), CultureInfo.InvariantCulture)), Patience, Patience),
                PeerTimeout = Patience,
                SettleWait = Patience,
            }).Run();
            var arrived = ReadLine(other);
            LabContext.Require(other.WaitForExit(Patience), "the destination did not end by itself");
            return (report, arrived, other.ExitCode);
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

    /// <summary>What the other process does: says its port, and receives the machine.</summary>
    public static ReceiveReport Receive(KernelMachine machine, MigrationPlan plan, TextWriter output)
    {
        using var listener = new TcpConnectionListener(new IPEndPoint(IPAddress.Loopback, 0), Patience);
        output.WriteLine(listener.EndPoint.Port.ToString(CultureInfo.InvariantCulture));
        output.Flush();
        return new MigrationDestination(machine, new DestinationOptions
        {
            Listener = listener,
            Load = plan.Load,
            Start = plan.Start,
            PeerTimeout = Patience,
            ConnectWait = Patience,
            SettleWait = Patience,
        }).Run();
    }

    private static string ReadLine(Process process)
    {
        var line = process.StandardOutput.ReadLineAsync();
        return line.Wait(Patience) && line.Result is { } text ? text : throw new CheckFailedException("the destination said nothing");
    }
}
