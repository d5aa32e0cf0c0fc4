using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Documents;
using Ferry.Cli.Policies;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;
using Ferry.Linux.Vfio;

namespace Ferry.Cli.Benching;

/// <summary>What a bench is made with here: processes of this same program.</summary>
/// <param name="ferry">What starts it.</param>
/// <param name="socket">The device that is measured instead of an rnic; null for that.</param>
/// <param name="kernelDevice">The kernel device that is measured instead; null for none.</param>
internal sealed class BenchParts(string[] ferry, string? socket, VfioPlace? kernelDevice) : IBenchParts
{
    // The least that the demo's guest and device work in.
    private const ulong LeastWorkingSet = 64 << 10;

    /// <inheritdoc/>
    public IBenchDevice StartDevice(ulong messageBytes, ulong? bytesPerSecond) =>
        socket is { } path ? new GivenDevice(path) : new StartedRnic(ferry, messageBytes, bytesPerSecond);

    /// <inheritdoc/>
    public VfioPlace? KernelDevice => kernelDevice;

    /// <inheritdoc/>
    public MigrationSample Migrate(MigrationCase migration, CancellationToken cancellation)
    {
        using var link = migration.Dimensions.Link is { } name ? ShapedLink.Create(LinkNames.All[name]) : null;
        using var board = new ProgressBoard(new Screen(TextWriter.Null, TextWriter.Null).Progress);
        IDemoWorld world = link is null ? new LoopbackWorld(ferry) : new LinkedWorld(ferry, link);
        try
        {
            var report = new DemoRun(SettingsOf(migration), board, world).RunAsync(cancellation).GetAwaiter().GetResult();
            return report.Verified ? SampleOf(migration, report)
                : report.RunsAt != RunsAt.Destination ? throw new IOException(report.Error ?? "the machine was not moved")
                : throw new InvalidDataException($"the machine that was moved was not verified: {string.Join("; ", report.Checks?.Where(check => !check.Passed).Select(check => check.Name) ?? [])}");
        }
        catch (ControlException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static DemoSettings SettingsOf(MigrationCase migration)
    {
        var at = migration.Dimensions;
        return new DemoSettings
        {
            MemoryBytes = at.MemoryBytes,
            Fill = $"mixed:{SizeText.Exact(at.DataBytes)}",
            Accelerator = migration.VcpuTracker == "process" ? "thread" : "kvm",
            Ledger = new()
            {
                WorkingSetBytes = Math.Max(LeastWorkingSet, at.GuestWorkingSetBytes),
                DirtyRateBytesPerSecond = at.GuestDirtyBytesPerSecond,
                NicWorkingSetBytes = Math.Max(LeastWorkingSet, at.WorkingSetBytes),
            },
            NicMessageBytes = at.MessageBytes,
            NicRateBytesPerSecond = at.DirtyBytesPerSecond ?? ulong.MaxValue,
            NicPageTable = at.Provider.StartsWith("iotable", StringComparison.Ordinal),
            NicDma = at.Provider == "mediated" ? "mediated" : "shared",
            WarmUp = MigrationCase.WarmUp,
            Migrate = new MigrateRequest
            {
                Channels = MigrationCase.Channels,
                Verify = at.Verify,
                DowntimeSeconds = MigrationCase.Downtime.TotalSeconds,
                BandwidthBytesPerSecond = at.LimitBytesPerSecond,
                Rules =
                [
                    new SourceRule { Source = "vcpus", With = [migration.VcpuTracker], Combine = PolicyChoices.First },
                    new SourceRule { DevicesOnly = true, With = [at.Provider], Combine = PolicyChoices.First, PageSizeBytes = at.PageSizeBytes },
                ],
            },
        };
    }

    private static MigrationSample SampleOf(MigrationCase migration, MigrationDocument report) => new(migration.Name)
    {
        Group = migration.Name,
        Workload = migration.Workload,
        Policy = migration.Policy(new(migration.VcpuTracker, 4096), new(migration.Dimensions.Provider, migration.Dimensions.PageSizeBytes)),
        Link = migration.Link,
        TotalSeconds = report.TotalSeconds,
        DowntimeSeconds = report.DowntimeSeconds,
        DowntimeParts = [.. report.DowntimeParts.Select(part => KeyValuePair.Create(part.Name, part.Seconds))],
        SentBytes = report.SentBytes,
        CpuSeconds = report.SourceCpuSeconds + report.DestinationCpuSeconds,
        DeviceStateBytes = report.Devices.Sum(device => (double)device.StopCopyBytes),
        Rounds = [.. report.RoundDetails.Select(round => new MeasuredRound(round.SentBytes, round.Seconds, round.BytesPerSecond))],
        ReportSeconds = report.Trackers.ToDictionary(
            tracker => $"{tracker.Name} {tracker.PageSizeBytes / 1024}K", tracker => tracker.ReportSeconds / Math.Max(1, tracker.Reports)),
    };

    /// <summary>Both hosts on loopback.</summary>
    private sealed class LoopbackWorld(string[] ferry) : ProcessWorld(ferry);

    /// <summary>Each host at one end of a link.</summary>
    private sealed class LinkedWorld(string[] ferry, ShapedLink link) : ProcessWorld(ferry)
    {
        public override IReadOnlyList<string> Listen => ["--listen", $"{ShapedLink.DestinationAddress}:0", Commands.ReceiveCommand.AnywhereName];

        public override IDemoChild Start(string role, IReadOnlyList<string> arguments) =>
            ChildProcess.Start(role, [.. link.At(isDestination: role == DemoRun.DestinationHost), .. Command, .. arguments]);
    }
}
