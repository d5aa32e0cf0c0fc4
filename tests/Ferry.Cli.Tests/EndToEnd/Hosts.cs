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
    private readonly List<ChildProcess> _children = [];

    private Hosts()
    {
    }

    public string Folder => _folder.Path;

    public string SourceControl => _folder.FileOf("source.sock");

    public string DestinationControl => _folder.FileOf("destination.sock");

    public ChildProcess SourceDevice => _children[0];

    public ChildProcess DestinationDevice => _children[1];

    public ChildProcess Source => _children[2];

    public ChildProcess Destination => _children[3];

    public string Address { get; private set; } = "";

    public static async Task<Hosts> StartAsync(string accelerator, string memory = "64M", string fill = "mixed:24M")
    {
        var hosts = new Hosts();
        try
        {
            await hosts.StartProcessesAsync(accelerator, memory, fill);
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

    public static void Kill(ChildProcess child)
    {
        using var process = Process.GetProcessById(child.Id);
        process.Kill();
        process.WaitForExit(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in Enumerable.Reverse(_children))
        {
            await child.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task StartProcessesAsync(string accelerator, string memory, string fill)
    {
        foreach (var side in new[] { "source", "destination" })
        {
            await StartAsync($"{side} device", "device", "rnic", "--socket", _folder.FileOf($"{side}-nic0.sock"), "--rate", "2M", "--message", "1K");
            await File.WriteAllTextAsync(_folder.FileOf($"{side}.toml"), MachineFile(side, accelerator, memory, fill));
        }

        await StartAsync("source", "run", "--stay", "--machine", _folder.FileOf("source.toml"));
        await StartAsync("destination", "receive", "--machine", _folder.FileOf("destination.toml"));
        Address = (await StatusAsync(DestinationControl)).Listening!;
        if (!await WorksOnAsync(SourceControl, messagesToo: true))
        {
            throw new TimeoutException($"The source's guest does not work: {Source.LastLines()}");
        }
    }

    private async Task StartAsync(string role, params string[] arguments)
    {
        var child = ChildProcess.Start(role, [BuiltCommand.Path, .. arguments]);
        _children.Add(child);
        await child.WaitReadyAsync(CancellationToken.None).WaitAsync(Patience);
    }

    private static string MachineFile(string side, string accelerator, string memory, string fill) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        name = "m"
        memory = "{memory}"
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
        [control]
        socket = "{side}.sock"
        """);
}
