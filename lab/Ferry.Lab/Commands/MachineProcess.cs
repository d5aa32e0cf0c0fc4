using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ferry.Lab.Commands;

/// <summary>A process of the ferry command that holds a machine, or waits for one.</summary>
internal sealed class MachineProcess : IDisposable
{
    private const string ReadyPrefix = "ready: ";

    private readonly string _folder = Directory.CreateTempSubdirectory("ferry-lab-").FullName;
    private readonly FerryProcess _process;

    private MachineProcess(string verb, string machine, string? user)
    {
        var file = Path.Combine(_folder, "machine.toml");
        File.WriteAllText(file, $"{machine}\n[control]\nsocket = \"{Control}\"\n");
        if (user is null)
        {
            _process = FerryProcess.Start(verb, "--machine", file);
            return;
        }

        const UnixFileMode everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_folder, everybody);
        _process = FerryProcess.StartAs(user, verb, "--machine", file);
    }

    /// <summary>Its control socket.</summary>
    public string Control => Path.Combine(_folder, "control.sock");

    /// <summary>Starts <c>ferry run</c> of a machine, which runs from <see cref="WaitReady"/> on.</summary>
    /// <param name="machine">The machine's file, without its control socket.</param>
    /// <param name="user">Who starts it; null for root.</param>
    public static MachineProcess Run(string machine, string? user = null) => new("run", machine, user);

    /// <summary>Starts <c>ferry receive</c> of a machine, which waits from <see cref="WaitReady"/> on.</summary>
    /// <param name="machine">The machine's file, without its control socket.</param>
    public static MachineProcess Receive(string machine) => new("receive", machine, null);

    /// <summary>Waits until it is ready.</summary>
    /// <returns>What it says of it.</returns>
    /// <exception cref="CheckFailedException">It does not become ready.</exception>
    public string WaitReady() => _process.WaitForLine(ReadyPrefix);

    /// <summary>Waits until it has ended with a code, and gives what it said.</summary>
    /// <exception cref="CheckFailedException">It ended with another code, or not in time.</exception>
    public string WaitForEnd(int code)
    {
        _process.WaitForEnd(code);
        return _process.Said;
    }

    /// <summary>Moves the machine from here, has its memory compared and its program check itself, and sees this process end as it must.</summary>
    /// <param name="destination">Where to; it is ready.</param>
    /// <param name="options">What to give <c>ferry migrate</c> beyond that.</param>
    /// <returns>The report.</returns>
    /// <exception cref="CheckFailedException">Something of that failed.</exception>
    public JsonElement MoveTo(MachineProcess destination, params string[] options)
    {
        var report = Parse(FerryProcess.Run(["migrate", "--control", Control, "--to", destination.FindAddress(), "--verify", "--check-guest", destination.Control, "--json", .. options]));
        foreach (var verified in (string[])["verified", "memoryVerified", "guestVerified"])
        {
            LabContext.Require(report.GetProperty(verified).ValueKind == JsonValueKind.True, $"{verified} is {report.GetProperty(verified)}: {report.GetProperty("error")}");
        }

        LabContext.Require(report.GetProperty("runsAt").GetString() == "destination", $"the machine runs at the {report.GetProperty("runsAt")}");
        LabContext.Require(report.GetProperty("accelerator").GetString() == "kvm", $"the guest ran on {report.GetProperty("accelerator")}");
        WaitForEnd(0);
        return report;
    }

    /// <summary>Tries to move the machine from here, and sees that it does not: it goes on here.</summary>
    /// <returns>Why it failed.</returns>
    /// <exception cref="CheckFailedException">It moved, or failed otherwise.</exception>
    public string FailToMoveTo(MachineProcess destination, params string[] options)
    {
        using var migrate = FerryProcess.Start(["migrate", "--control", Control, "--to", destination.FindAddress(), "--verify", "--json", .. options]);
        var output = migrate.WaitForEnd(1);
        var state = Ask("""{"verb":"status"}""").GetProperty("status").GetProperty("state").GetString();
        LabContext.Require(state == "running", $"the machine is {state}");
        return output.Length == 0 ? migrate.Said : Parse(output).GetProperty("error").GetString() ?? "";
    }

    /// <summary>Asks on the control socket and gives the result.</summary>
    /// <exception cref="CheckFailedException">It refuses.</exception>
    public JsonElement Ask(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Control));
        using var stream = new NetworkStream(socket);
        stream.Write(Encoding.UTF8.GetBytes(request + "\n"));
        using var reader = new StreamReader(stream);
        var reply = Parse(reader.ReadLine() ?? throw new CheckFailedException($"no answer to {request}"));
        LabContext.Require(reply.GetProperty("kind").GetString() == "result", $"{request}: {reply}");
        return reply;
    }

    /// <summary>What the status says of a device.</summary>
    public JsonElement AskDevice(string id) => Ask("""{"verb":"status"}""").GetProperty("status").GetProperty("devices").EnumerateArray()
        .First(device => device.GetProperty("id").GetString() == id);

    /// <summary>How many messages of devices the guest's program has taken.</summary>
    public ulong CountMessages() => Ask("""{"verb":"status"}""").GetProperty("status").GetProperty("guest").GetProperty("messages").GetUInt64();

    /// <summary>Reads a register of a device.</summary>
    public ulong ReadRegister(string device, int region, ulong offset, int bytes) =>
        Ask($$$"""{"verb":"register","register":{"device":"{{{device}}}","region":{{{region}}},"offset":{{{offset}}},"bytes":{{{bytes}}}}}""").GetProperty("register").GetProperty("value").GetUInt64();

    /// <summary>Writes a register of a device.</summary>
    public void WriteRegister(string device, int region, ulong offset, int bytes, ulong value) =>
        Ask($$$"""{"verb":"register","register":{"device":"{{{device}}}","region":{{{region}}},"offset":{{{offset}}},"bytes":{{{bytes}}},"value":{{{value}}}}}""");

    /// <summary>Ends it and waits for that.</summary>
    public void Quit()
    {
        Ask("""{"verb":"quit"}""");
        WaitForEnd(0);
    }

    /// <summary>Reads guest memory behind the machine's back, through the file that it is.</summary>
    /// <param name="address">Below the end of the machine's first region.</param>
    /// <param name="bytes">Where to.</param>
    public void ReadMemory(ulong address, Span<byte> bytes)
    {
        var process = Ask("""{"verb":"status"}""").GetProperty("status").GetProperty("processId").GetInt32();
        var memory = Directory.GetFiles($"/proc/{process}/fd").First(file => new FileInfo(file).LinkTarget?.StartsWith("/memfd:ferry-guest", StringComparison.Ordinal) == true);
        using var file = File.OpenHandle(memory);
        LabContext.Require(RandomAccess.Read(file, bytes, (long)address) == bytes.Length, "guest memory is shorter");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private string FindAddress() => WaitReady().Split(' ', ',').First(word => word.StartsWith("127.0.0.1:", StringComparison.Ordinal));
}
