using System.Text.Json;

namespace Ferry.Lab.Commands;

/// <summary>A machine that the ferry command holds, and another process of it that waits for that machine.</summary>
internal sealed class MachineMove : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ferry-lab-").FullName;
    private readonly FerryProcess _source;
    private readonly FerryProcess _destination;

    /// <summary>Starts both, and returns when the machine runs and the other waits.</summary>
    /// <param name="source">The machine's file on the source, without its control socket.</param>
    /// <param name="destination">The same on the destination.</param>
    public MachineMove(string source, string destination)
    {
        try
        {
            _source = FerryProcess.Start("run", "--machine", WriteFile("source", source));
            _destination = FerryProcess.Start("receive", "--machine", WriteFile("destination", destination));
            _source.WaitForLine("ready: ");
            var waiting = _destination.WaitForLine("ready: ");
            Address = waiting.Split(' ', ',').First(word => word.StartsWith("127.0.0.1:", StringComparison.Ordinal));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the destination waits.</summary>
    public string Address { get; }

    /// <summary>The source's control socket.</summary>
    public string Source => SocketOf("source");

    /// <summary>The destination's.</summary>
    public string Destination => SocketOf("destination");

    /// <summary>Moves the machine, has its memory compared and its program check itself, and sees both processes end as they must.</summary>
    /// <param name="options">What to give <c>ferry migrate</c> beyond that.</param>
    /// <param name="arrived">Called while the machine runs at the destination.</param>
    /// <returns>The report of <c>ferry migrate</c>.</returns>
    /// <exception cref="CheckFailedException">Something of that failed.</exception>
    public JsonElement Run(IReadOnlyList<string> options, Action? arrived = null)
    {
        using var report = JsonDocument.Parse(FerryProcess.Run(
            ["migrate", "--control", Source, "--to", Address, "--verify", "--check-guest", Destination, "--json", .. options]));
        var root = report.RootElement.Clone();
        foreach (var verified in (string[])["verified", "memoryVerified", "guestVerified"])
        {
            LabContext.Require(root.GetProperty(verified).ValueKind == JsonValueKind.True, $"{verified} is {root.GetProperty(verified)}: {root.GetProperty("error")}");
        }

        LabContext.Require(root.GetProperty("runsAt").GetString() == "destination", $"the machine runs at the {root.GetProperty("runsAt")}");
        LabContext.Require(root.GetProperty("accelerator").GetString() == "kvm", $"the guest ran on {root.GetProperty("accelerator")}");
        _source.WaitForEnd(0);
        arrived?.Invoke();
        FerryProcess.Run("tell", "quit", "--control", Destination);
        _destination.WaitForEnd(0);
        return root;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _source?.Dispose();
        _destination?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string SocketOf(string side) => Path.Combine(_folder, side + ".sock");

    private string WriteFile(string side, string machine)
    {
        var path = Path.Combine(_folder, side + ".toml");
        File.WriteAllText(path, $"{machine}\n[control]\nsocket = \"{SocketOf(side)}\"\n");
        return path;
    }
}
