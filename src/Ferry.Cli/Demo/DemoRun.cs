using System.Diagnostics;
using System.Globalization;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;

namespace Ferry.Cli.Demo;

/// <summary>The demo: two hosts and two devices as processes, one machine that moves between them, and every claim checked.</summary>
internal sealed class DemoRun(DemoSettings settings, ProgressBoard board, IDemoWorld world, Action<EventDocument>? events = null)
{
    /// <summary>The role of the process that receives the machine.</summary>
    public const string DestinationHost = "destination host";

    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs the demo; when it returns no process and no file of it is left.</summary>
    public async Task<MigrationDocument> RunAsync(CancellationToken cancellation)
    {
        using var folder = new DemoFolder();
        var children = new List<IDemoChild>();
        try
        {
            return await RunAsync(folder, children, cancellation).ConfigureAwait(false);
        }
        finally
        {
            // The hosts first: a device that goes away under a running machine is a fault that the host would report.
            children.Reverse();
            foreach (var child in children)
            {
                await child.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<MigrationDocument> RunAsync(DemoFolder folder, List<IDemoChild> children, CancellationToken cancellation)
    {
        await StartDevicesAsync(folder, children, cancellation).ConfigureAwait(false);
        var address = await StartHostsAsync(folder, children, cancellation).ConfigureAwait(false);
        var (source, destination) = (folder.FileOf("source.sock"), folder.FileOf("destination.sock"));
        await WarmUpAsync(source, cancellation).ConfigureAwait(false);
        var report = await MigrationClient.MigrateAsync(board, source, settings.Migrate with { To = world.RouteTo(address) }, events, cancellation).ConfigureAwait(false);
        return report.RunsAt == RunsAt.Destination
            ? await VerifyAsync(report, source, destination, cancellation).ConfigureAwait(false)
            : report with { Verified = false };
    }

    private async Task StartDevicesAsync(DemoFolder folder, List<IDemoChild> children, CancellationToken cancellation)
    {
        using var step = board.Begin("starting a device process for each host");
        foreach (var side in new[] { "source", "destination" })
        {
            for (var i = 0; i < settings.Nics.Count; i++)
            {
                children.Add(world.Start(
                    i == 0 ? $"{side} device" : $"{side} device nic{i}",
                    [
                        "device", "rnic",
                        "--socket", folder.FileOf($"{side}-nic{i}.sock"),
                        "--message", settings.NicMessageBytes.ToString(CultureInfo.InvariantCulture),
                        "--rate", RateText.Exact(settings.NicRateBytesPerSecond),
                        "--log", settings.NicLog,
                        .. settings.NicPageTable ? ["--page-table"] : Array.Empty<string>(),
                        .. settings.Nics[i].Select(lack => $"--no-{lack}"),
                    ]));
            }
        }

        await Task.WhenAll(children.Select(child => WaitReadyAsync(child, cancellation))).ConfigureAwait(false);
        step.Done(string.Join(" and ", children.Select(child => FormattableString.Invariant($"process {child.Id}"))));
    }

    private async Task<string> StartHostsAsync(DemoFolder folder, List<IDemoChild> children, CancellationToken cancellation)
    {
        using var step = board.Begin($"starting the source and the destination host, {SizeText.ForPeople(settings.MemoryBytes)} each");
        string[] otlp = settings.Otlp is { } collector ? ["--otlp", collector] : [];
        var source = world.Start("source host", ["run", "--stay", "--machine", folder.WriteMachineFile("source", settings), .. otlp]);
        children.Add(source);
        var destination = world.Start(DestinationHost, ["receive", "--machine", folder.WriteMachineFile("destination", settings), .. world.Listen, .. otlp]);
        children.Add(destination);
        await Task.WhenAll(WaitReadyAsync(source, cancellation), WaitReadyAsync(destination, cancellation)).ConfigureAwait(false);
        var status = await StatusAsync(folder.FileOf("destination.sock"), cancellation).ConfigureAwait(false);
        var accelerator = (await StatusAsync(folder.FileOf("source.sock"), cancellation).ConfigureAwait(false)).Accelerator;
        step.Done(FormattableString.Invariant($"processes {source.Id} and {destination.Id}, accelerator {accelerator}"));
        return status.Listening ?? throw new IOException("destination host: it does not say where it listens");
    }

    private async Task WarmUpAsync(string source, CancellationToken cancellation)
    {
        using var step = board.Begin("the guest works and the device writes its memory by DMA");
        var working = await WaitForAsync(source, status => status.Guest is { } guest && GoesOn(new GuestStatus(0, 0, 0, null), guest), cancellation)
            .ConfigureAwait(false);
        if (working is null)
        {
            throw new IOException($"source host: the guest did not start its work within {world.Patience.TotalSeconds} s");
        }

        await Task.Delay(settings.WarmUp, cancellation).ConfigureAwait(false);
        var status = await StatusAsync(source, cancellation).ConfigureAwait(false);
        step.Done(StatusView.DescribeGuest(status.Guest!));
    }

    private async Task<MigrationDocument> VerifyAsync(MigrationDocument report, string source, string destination, CancellationToken cancellation)
    {
        var checks = new List<CheckDocument>();
        var left = await StatusAsync(source, cancellation).ConfigureAwait(false);
        checks.Add(new CheckDocument("the source does not run the machine any more", left.State == MachineStates.Moved, left.State));
        var arrived = await WaitForAsync(destination, status => status.Arrived is not null, cancellation).ConfigureAwait(false)
            ?? throw new IOException($"destination host: it does not say within {world.Patience.TotalSeconds} s what arrived");
        checks.Add(new CheckDocument("the destination runs it", arrived.State == MachineStates.Running, arrived.State));
        checks.Add(await CheckWorkAsync(destination, arrived, cancellation).ConfigureAwait(false));
        report = report with { Devices = [.. report.Devices.Select(device => Join(device, arrived.Arrived))] };
        checks.AddRange(report.Devices.Select(CheckStates));
        var guest = await MigrationClient.CheckGuestAsync(board, destination, cancellation).ConfigureAwait(false);
        var after = await StatusAsync(destination, cancellation).ConfigureAwait(false);
        checks.AddRange(after.Devices.Select(device => new CheckDocument($"device {device.Id} says that it has no fault", device.Fault == false, StatusView.DescribeIommu(device.Iommu))));
        checks.Add(new CheckDocument(
            "the guest found no error: every message in sequence, every page as it was left", after.Guest is { Errors: 0 }, after.Guest is null ? null : StatusView.DescribeGuest(after.Guest)));
        return report with
        {
            GuestVerified = guest.Passed,
            Checks = checks,
            Verified = report.MemoryVerified != false && guest.Passed && checks.TrueForAll(check => check.Passed),
        };
    }

    private async Task<CheckDocument> CheckWorkAsync(string destination, MachineStatus arrived, CancellationToken cancellation)
    {
        using var step = board.Begin("the guest goes on at the destination");
        var first = arrived.Guest ?? new GuestStatus(0, 0, 0, null);
        var later = await WaitForAsync(
            destination,
            status => status.Guest is { } guest && GoesOn(first, guest),
            cancellation).ConfigureAwait(false);
        if (later?.Guest is not { } now)
        {
            step.Fail($"no transfer or no message within {world.Patience.TotalSeconds} s");
            return new CheckDocument("work and messages go on at the destination", false, StatusView.DescribeGuest(first));
        }

        step.Done(StatusView.DescribeGuest(now));
        return new CheckDocument("work and messages go on at the destination", true, FormattableString.Invariant($"{now.Messages - first.Messages:N0} more messages"));
    }

    // What was told to be idle need not go on.
    private bool GoesOn(GuestStatus before, GuestStatus now) =>
        (now.Transfers > before.Transfers || settings.Ledger.DirtyRateBytesPerSecond == 0) && (now.Messages > before.Messages || settings.NicRateBytesPerSecond == 0);

    // The source knows what it did with a device, the destination the rest, from the state that a fresh device begins in.
    private static DeviceDocument Join(DeviceDocument source, IReadOnlyList<DeviceDocument>? arrived) =>
        arrived?.FirstOrDefault(device => device.Id == source.Id) is { } there ? source with { States = [.. source.States, .. there.States.Skip(1)] } : source;

    private static CheckDocument CheckStates(DeviceDocument device)
    {
        // Stopped while its state was read, then loaded, then running: whatever lay between is the plan's choice.
        string[] needed = ["STOP_COPY", "RESUMING", "RUNNING"];
        var position = -1;
        var inOrder = needed.All(state => (position = device.States.ToList().IndexOf(state, position + 1)) >= 0);
        return new CheckDocument($"device {device.Id} went through the states of the plan", inOrder && device.States[^1] == "RUNNING", null);
    }

    private static async Task WaitReadyAsync(IDemoChild child, CancellationToken cancellation)
    {
        try
        {
            await child.WaitReadyAsync(cancellation).WaitAsync(LongestStart, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new IOException($"{child.Role}: not ready after {LongestStart.TotalSeconds} s:{Environment.NewLine}{child.LastLines()}");
        }
    }

    private async Task<MachineStatus?> WaitForAsync(string control, Predicate<MachineStatus> condition, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < world.Patience)
        {
            var status = await StatusAsync(control, cancellation).ConfigureAwait(false);
            if (condition(status))
            {
                return status;
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }

        return null;
    }

    private static async Task<MachineStatus> StatusAsync(string control, CancellationToken cancellation) =>
        (await ControlClient.AskAsync(control, new ControlRequest { Verb = ControlVerbs.Status }, cancellation).ConfigureAwait(false)).Status
        ?? throw new IOException($"control socket {control}: the answer holds no status");
}
