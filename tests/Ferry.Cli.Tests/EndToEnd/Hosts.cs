using System.Diagnostics;
using System.Globalization;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Documents;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>Two devices, a source and a destination as processes in a folder of their own, gone after the test however it ends.</summary>
internal sealed class Hosts : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<IDemoChild> _children = [];
    private readonly List<IDemoChild> _lateDevices = [];
    private readonly bool _stay;

    private Hosts(bool stay) => _stay = stay;

    public string Folder => _folder.Path;

    public string SourceControl => _folder.FileOf("source.sock");

    public string DestinationControl => _folder.FileOf("destination.sock");

    public IDemoChild SourceDevice => _children[0];

    public IDemoChild DestinationDevice => _children[1];

    public IDemoChild Source => _children[2];

    public IDemoChild Destination => _children[3];

    public string Address { get; private set; } = "";

    /// <summary>Where the device listens that a machine gets when it runs, where there is one.</summary>
    public string LateSocket(string side) => _folder.FileOf($"{side}-nic1.sock");

    public static async Task<Hosts> StartAsync(
        string accelerator, string memory = "64M", string fill = "mixed:24M", bool stay = true, Func<string, IDemoChild>? destinationDevice = null,
        Func<string, IDemoChild>? sourceDevice = null, string dma = "shared", bool iommu = false,
        string[]? receiveOptions = null, bool lateDevice = false)
    {
        var hosts = new Hosts(stay);
        try
        {
            await hosts.StartProcessesAsync(accelerator, memory, fill, dma, iommu, lateDevice, receiveOptions ?? [], sourceDevice, destinationDevice);
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public static Task<ControlReply> AskAsync(string control, string verb) =>
        ControlClient.AskAsync(control, new ControlRequest { Verb = verb }, CancellationToken.None).WaitAsync(Patience);

    public static async Task<MachineStatus> StatusAsync(string control) => (await AskAsync(control, ControlVerbs.Status)).Status!;

    public async Task<MigrationDocument> MigrateAsync(MigrateRequest request)
    {
        using var client = await ControlClient.ConnectAsync(SourceControl, CancellationToken.None);
        var message = new ControlRequest { Verb = ControlVerbs.Migrate, Migrate = request with { To = request.To ?? Address } };
        return (await client.SendAsync(message, null, CancellationToken.None).WaitAsync(Patience)).Report!;
    }

    /// <summary>Waits until the source's migration is in a phase whose name begins so; false where it ended before.</summary>
    public async Task<bool> WaitForPhaseAsync(string phase, Task migration)
    {
        using var client = await ControlClient.ConnectAsync(SourceControl, CancellationToken.None);
        while (!migration.IsCompleted)
        {
            var status = await client.SendAsync(new ControlRequest { Verb = ControlVerbs.Status }, null, CancellationToken.None).WaitAsync(Patience);
            if (status.Status!.Migration?.Phase.StartsWith(phase, StringComparison.Ordinal) == true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until the guest of the machine behind <paramref name="control"/> has gone on with its work.</summary>
    public static async Task<bool> WorksOnAsync(string control, bool messagesToo)
    {
        var before = (await StatusAsync(control)).Guest!;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; await Task.Delay(20))
        {
            var now = (await StatusAsync(control)).Guest!;
            if (now.Transfers > before.Transfers && (now.Messages > before.Messages || !messagesToo))
            {
                return true;
            }
        }

        return false;
    }

    public static void Kill(IDemoChild child)
    {
        using var process = Process.GetProcessById(child.Id);
        process.Kill();
        process.WaitForExit(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        using (_folder)
        {
            await Task.WhenAll(Enumerable.Reverse([.. _lateDevices, .. _children]).Select(child => child.DisposeAsync().AsTask()));
        }
    }

    private async Task StartProcessesAsync(
        string accelerator, string memory, string fill, string dma, bool iommu, bool lateDevice, string[] receiveOptions, Func<string, IDemoChild>? sourceDevice,
        Func<string, IDemoChild>? destinationDevice)
    {
        foreach (var side in new[] { "source", "destination" })
        {
            var socket = _folder.FileOf($"{side}-nic0.sock");
            await StartAsync((side == "source" ? sourceDevice : destinationDevice)?.Invoke(socket) ?? NewDevice(side, socket));
            var file = MachineFile(side, accelerator, memory, fill, dma, iommu, vcpus: lateDevice ? 2 : 1);
            if (lateDevice)
            {
                // The source gets it when it runs.
                var device = NewDevice(side, LateSocket(side));
                _lateDevices.Add(device);
                await device.WaitReadyAsync(CancellationToken.None).WaitAsync(Patience);
                file += side == "source" ? "" : "\n[[device]]\nid = \"nic1\"\nkind = \"rnic\"\nsocket = \"destination-nic1.sock\"\n";
            }

            await File.WriteAllTextAsync(_folder.FileOf($"{side}.toml"), file);
        }

        await StartAsync(NewProcess("source", ["run", .. _stay ? ["--stay"] : Array.Empty<string>(), "--machine", _folder.FileOf("source.toml")]));
        await StartAsync(NewProcess("destination", ["receive", "--machine", _folder.FileOf("destination.toml"), .. receiveOptions]));
        Address = (await StatusAsync(DestinationControl)).Listening!;
        if (!await WorksOnAsync(SourceControl, messagesToo: true))
        {
            throw new TimeoutException($"The source's guest does not work: {Source.LastLines()}");
        }
    }

    private static ChildProcess NewDevice(string side, string socket) =>
        NewProcess($"{side} device", "device", "rnic", "--socket", socket, "--rate", "2M", "--message", "1K");

    private static ChildProcess NewProcess(string role, params string[] arguments) => ChildProcess.Start(role, [BuiltCommand.Path, .. arguments]);

    private async Task StartAsync(IDemoChild child)
    {
        _children.Add(child);
        await child.WaitReadyAsync(CancellationToken.None).WaitAsync(Patience);
    }

    private static string MachineFile(string side, string accelerator, string memory, string fill, string dma, bool iommu, int vcpus) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        name = "m"
        memory = "{memory}"
        vcpus = {vcpus}
        accelerator = "{accelerator}"
        fill = "{fill}"
        [ledger]
        working-set = "2M"
        nic-working-set = "1M"
        dirty-rate = "2M"
        [[device]]
        id = "nic0"
        kind = "rnic"
        socket = "{side}-nic0.sock"
        dma = "{dma}"
        iommu = {(iommu ? "true" : "false")}
        [control]
        socket = "{side}.sock"
        """);
}
