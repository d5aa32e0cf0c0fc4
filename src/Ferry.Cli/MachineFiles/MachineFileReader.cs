using System.Text;
using Ferry.Cli.Toml;
using Ferry.Cli.Values;

namespace Ferry.Cli.MachineFiles;

/// <summary>Reads machine files, strictly: what is not understood is an error with its line, never ignored.</summary>
internal static class MachineFileReader
{
    /// <summary>The most vCPUs.</summary>
    public const int MostVcpus = 16;

    /// <summary>The most devices.</summary>
    public const int MostDevices = 16;

    /// <summary>The smallest and the largest guest memory, in bytes.</summary>
    public const ulong LeastMemoryBytes = 32UL << 20, MostMemoryBytes = 1UL << 38;

    /// <summary>What a name has to be, for people.</summary>
    public const string NameForm = "a name of 1 to 64 letters, digits, '-', '_' and '.', that starts with a letter or digit";

    // sockaddr_un.sun_path holds 108 bytes with the terminating zero. Source: unix(7).
    private const int LongestSocketPathBytes = 107;

    private static readonly string[] Accelerators = ["auto", "kvm", "thread"];

    /// <summary>What KVM may be set up to track by; the first is the default.</summary>
    public static string[] VcpuTrackers { get; } = ["kvm-log", "kvm-ring"];

    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="TomlFileException">It can't be read, or something in it is wrong.</exception>
    public static MachineFile Read(string path) => Parse(TomlFile.Read(path, "machine file"), path);

    /// <summary>Parses the text of a machine file; relative paths in it start at the folder of <paramref name="path"/>.</summary>
    /// <exception cref="TomlFileException">Something in it is wrong.</exception>
    public static MachineFile Parse(ReadOnlySpan<byte> utf8, string path)
    {
        var fields = TomlFile.Parse(utf8, path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        var name = ReadName(fields, "name");
        var memoryBytes = ReadMemory(fields);
        var machine = new MachineFile
        {
            Name = name,
            MemoryBytes = memoryBytes,
            VcpuCount = (int)fields.GetInteger("vcpus", 1, 1, MostVcpus),
            HugePages = fields.GetBoolean("huge-pages"),
            Populate = fields.GetBoolean("populate", otherwise: true),
            Accelerator = Enum.Parse<AcceleratorChoice>(fields.GetChoice("accelerator", "auto", Accelerators), ignoreCase: true),
            VcpuTracker = fields.GetChoice("vcpu-tracker", VcpuTrackers[0], VcpuTrackers),
            Fill = ReadFill(fields, memoryBytes),
            Ledger = ReadLedger(fields, memoryBytes),
            Devices = DeviceReader.Read(fields, folder),
            ControlSocket = ReadSocket(fields, "control.socket", folder) ?? DefaultControlSocket(name),
        };
        fields.ThrowIfWrong();
        return machine;
    }

    /// <summary>Where the control socket of a machine is whose file names none.</summary>
    public static string DefaultControlSocket(string machineName)
    {
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return string.IsNullOrEmpty(runtime)
            ? Path.Combine(Path.GetTempPath(), $"ferry-{Environment.UserName}", machineName + ".sock")
            : Path.Combine(runtime, "ferry", machineName + ".sock");
    }

    /// <summary>Whether a machine or a device can be called that.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(name[0]) && name.All(each => char.IsAsciiLetterOrDigit(each) || each is '-' or '_' or '.');

    /// <summary>Why no socket can be at a path, or null.</summary>
    public static string? FindSocketProblem(string path) =>
        path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? "expected a path"
        : Encoding.UTF8.GetByteCount(path) is var length and > LongestSocketPathBytes
            ? $"the path has {length} bytes, and the kernel takes at most {LongestSocketPathBytes}; use a shorter folder"
            : null;

    /// <summary>The name in a field that has to be there.</summary>
    public static string ReadName(TomlFields fields, string field)
    {
        var name = fields.GetString(field);
        if (name is null)
        {
            fields.AddMissing(field, "expected " + NameForm);
            return "";
        }

        if (!IsName(name))
        {
            fields.AddError(field, "expected " + NameForm);
        }

        return name;
    }

    // 0 where it is wrong, so that nothing is compared with it.
    private static ulong ReadMemory(TomlFields fields)
    {
        var bytes = fields.GetBytes("memory", 0, SizeText.Form);
        if (bytes == 0)
        {
            fields.AddMissing("memory", "expected " + SizeText.Form);
        }
        else if (bytes is < LeastMemoryBytes or > MostMemoryBytes || bytes % (2 << 20) != 0)
        {
            fields.AddError("memory", $"{SizeText.Exact(bytes)} is not a multiple of 2M from {SizeText.Exact(LeastMemoryBytes)} to {SizeText.Exact(MostMemoryBytes)}");
            return 0;
        }

        return bytes;
    }

    private static FillSettings ReadFill(TomlFields fields, ulong memoryBytes)
    {
        if (fields.GetString("fill") is not { } text)
        {
            return FillSettings.Zero;
        }

        if (!FillSettings.TryParse(text, memoryBytes == 0 ? MostMemoryBytes : memoryBytes, out var fill))
        {
            fields.AddError("fill", $"expected {FillSettings.Form}; SIZE at most the memory's, {SizeText.Exact(memoryBytes)}");
        }

        return fill;
    }

    private static LedgerSettings ReadLedger(TomlFields fields, ulong memoryBytes)
    {
        var defaults = new LedgerSettings();
        var workingSet = fields.GetBytes("ledger.working-set", defaults.WorkingSetBytes, SizeText.Form);
        if (memoryBytes > 0 && (workingSet == 0 || workingSet > memoryBytes || workingSet % 4096 != 0))
        {
            fields.AddError("ledger.working-set", $"{SizeText.Exact(workingSet)} is not a multiple of 4K from 4K to the memory's {SizeText.Exact(memoryBytes)}");
        }

        var stride = (uint)fields.GetInteger("ledger.check-stride", defaults.CheckStrideBytes, 8, 4096);
        if (stride % 8 != 0)
        {
            fields.AddError("ledger.check-stride", $"{stride} is not a multiple of 8");
        }

        var nicWorkingSet = fields.GetBytes("ledger.nic-working-set", defaults.NicWorkingSetBytes, SizeText.Form);
        if (memoryBytes > 0 && (nicWorkingSet == 0 || nicWorkingSet > memoryBytes))
        {
            fields.AddError("ledger.nic-working-set", $"{SizeText.Exact(nicWorkingSet)} is not from 1 to the memory's {SizeText.Exact(memoryBytes)}");
        }

        return new LedgerSettings
        {
            WorkingSetBytes = workingSet,
            NicWorkingSetBytes = nicWorkingSet,
            DirtyRateBytesPerSecond = fields.GetBytes("ledger.dirty-rate", defaults.DirtyRateBytesPerSecond, RateText.Form),
            CheckStrideBytes = stride,
            Seed = (ulong)fields.GetInteger("ledger.seed", (long)defaults.Seed, 0, long.MaxValue),
        };
    }

    /// <summary>The path of a socket, or null where it is missing or wrong.</summary>
    public static string? ReadSocket(TomlFields fields, string field, string folder)
    {
        if (fields.GetString(field) is not { } path)
        {
            return null;
        }

        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            fields.AddError(field, FindSocketProblem(path)!);
            return null;
        }

        var full = Path.GetFullPath(path, folder);
        if (FindSocketProblem(full) is { } problem)
        {
            fields.AddError(field, problem);
        }

        return full;
    }
}
