using System.Globalization;
using System.Net;
using Ferry.Memory;
using Ferry.Migration.Destination;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using Ferry.Tracking;

namespace Ferry.Benchmarks.Migration;

/// <summary>Whole migrations of an idle machine over loopback, both sides in this process.</summary>
/// <remarks>Usage: <c>migrate [--runs N] [--data MIB] [--memory MIB] [--channels N] [--fresh] [--verify] [--compress lz4|zstd]</c>. Where not
/// fresh, both sides are populated beforehand.</remarks>
internal static class MigrateComparison
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public static int Run(string[] args)
    {
        ulong Number(string name, ulong otherwise) =>
            Array.IndexOf(args, name) is var i and >= 0 ? ulong.Parse(args[i + 1], CultureInfo.InvariantCulture) : otherwise;
        var compression = Array.IndexOf(args, "--compress") is var c and >= 0 ? Enum.Parse<PageCompression>(args[c + 1], ignoreCase: true) : PageCompression.None;
        var dataBytes = Number("--data", 3072) << 20;
        using var source = new MemoryOnlyMachine(Number("--memory", 4096) << 20);
        source.PopulateAll();
        source.FillRandom(dataBytes);
        Console.WriteLine($"{"total s",9}{"GB/s",8}{"cpu s",8}{"source",8}{"dest",8}{"populate",10}{"downtime ms",13}{"rss MiB",9}");
        for (ulong run = 0; run < Number("--runs", 5); run++)
        {
            Print(Measure(source, (int)Number("--channels", 2), args.Contains("--fresh"), args.Contains("--verify"), compression), dataBytes);
        }

        return 0;
    }

    private static (MigrationReport Report, TimeSpan Cpu) Measure(MemoryOnlyMachine source, int channels, bool isFresh, bool verify, PageCompression compression)
    {
        var plan = ((PlanResult.Planned)MigrationPlanner.Plan(new PlanRequest
        {
            Devices = [],
            Trackers = [new PlanTracker("clean", ["vcpus"], PageSize.Size4K)],
            Verify = verify,
        })).Plan;
        using var destination = new MemoryOnlyMachine(source.Memory.TotalBytes);
        if (!isFresh)
        {
            destination.PopulateAll();
        }

        using var listener = new TcpConnectionListener(new IPEndPoint(IPAddress.Loopback, 0), Long);
        var receiver = new MigrationDestination(destination, new DestinationOptions { Listener = listener, Load = plan.Load, Start = plan.Start });
        var sender = new MigrationSource(source, new SourceOptions
        {
            Plan = plan,
            Trackers = new Dictionary<string, IDirtyTracker> { ["clean"] = new CleanTracker() },
            Connector = new TcpConnector(listener.EndPoint, Long, Long),
            Channels = channels,
            Populate = isFresh ? PopulateMode.Beside : PopulateMode.None,
            Compression = compression,
        });
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var thread = new Thread(() => receiver.Run());
        thread.Start();
        var report = sender.Run();
        thread.Join();
        return report.Outcome == MigrationOutcome.Completed
            ? (report, Environment.CpuUsage.TotalTime - cpuBefore)
            : throw new InvalidOperationException(report.Reason);
    }

    private static void Print((MigrationReport Report, TimeSpan Cpu) result, ulong dataBytes)
    {
        var report = result.Report;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Total.TotalSeconds,9:F3}{dataBytes / report.Total.TotalSeconds / 1e9,8:F2}{result.Cpu.TotalSeconds,8:F2}{report.SourceCpu.TotalSeconds,8:F2}{report.DestinationCpu.TotalSeconds,8:F2}{report.Populate.TotalSeconds,10:F3}{report.Downtime.TotalMilliseconds,13:F2}{report.SourceExtraRssBytes >> 20,9}"));
        foreach (var step in report.Steps.Where(step => step.Elapsed > TimeSpan.FromMilliseconds(5)))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {step.Name}: {step.Elapsed.TotalMilliseconds:F1} ms"));
        }

    }
}
