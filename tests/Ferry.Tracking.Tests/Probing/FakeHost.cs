using Ferry.Tracking.Probing;

namespace Ferry.Tracking.Tests.Probing;

/// <summary>A host of files in a folder of its own, as sysfs and proc have them, and a kernel that answers as it is told.</summary>
internal sealed class FakeHost : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ferry-host-").FullName;

    public FakeHost(string release = "6.12.1")
    {
        Write("/proc/sys/kernel/osrelease", $"{release}\n");
        Write("/proc/cmdline", "quiet intel_iommu=on password=secret\n");
        Write("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu lm pdpe1gb svm\n\nprocessor\t: 1\n");
        Write("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
        Write("/proc/self/status", "Name:\tferry\nCapEff:\t0000000000000000\n");
        Write("/proc/sys/vm/unprivileged_userfaultfd", "0\n");
    }

    public FakeCalls Calls { get; } = new();

    /// <summary>What the file system refuses, by path: EACCES where it is true, EIO where it is false.</summary>
    public Dictionary<string, bool> Refused { get; } = [];

    public HostFindings Look(bool tries = true) => HostProbe.Look(new RefusingFiles(_root, Refused), Calls, new(tries));

    public ProviderFinding Judge(string provider, bool tries = true) => ProviderVerdicts.Judge(Look(tries)).Single(each => each.Name == provider);

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, text);
    }

    public void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.CreateSymbolicLink(_root + path, target);
    }

    public void Folder(string path) => Directory.CreateDirectory(_root + path);

    /// <summary>An IOMMU of Intel's with these extended capabilities.</summary>
    public void AddIntel(ulong capabilities)
    {
        Write("/sys/class/iommu/dmar0/intel-iommu/ecap", $"{capabilities:x}\n");
        Folder("/sys/class/iommu/dmar0/devices/0000:01:00.0");
    }

    /// <summary>A PCI device; <paramref name="file"/> is the name of its own file where a VFIO driver has it.</summary>
    public void AddPci(string name, string? driver, int? group, string? file = null, string pciClass = "0x020000")
    {
        var folder = $"/sys/bus/pci/devices/{name}";
        Write($"{folder}/vendor", "0x1234\n");
        Write($"{folder}/device", "0x11e8\n");
        Write($"{folder}/class", $"{pciClass}\n");
        AddCommon(folder, name, driver, group, file);
        if (group is not null)
        {
            Link($"{folder}/iommu", "../../../virtual/iommu/dmar0");
        }
    }

    /// <summary>A mediated device.</summary>
    public void AddMdev(string name, string type, int group, string? file)
    {
        var folder = $"/sys/bus/mdev/devices/{name}";
        Link($"{folder}/mdev_type", $"../mdev_supported_types/{type}");
        AddCommon(folder, name, "vfio_mdev", group, file);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void AddCommon(string folder, string name, string? driver, int? group, string? file)
    {
        if (driver is not null)
        {
            Link($"{folder}/driver", $"../../../bus/pci/drivers/{driver}");
        }

        if (group is { } number)
        {
            Link($"{folder}/iommu_group", $"../../../kernel/iommu_groups/{number}");
            Link($"/sys/kernel/iommu_groups/{number}/devices/{name}", _root + folder);
        }

        if (file is not null)
        {
            Folder($"{folder}/vfio-dev/{file}");
            Write($"/dev/vfio/devices/{file}", "");
        }
    }

    private sealed class RefusingFiles(string root, Dictionary<string, bool> refused) : HostFiles(root)
    {
        private const int Eio = 5;

        protected override void Before(string path)
        {
            if (refused.TryGetValue(path, out var isPermission))
            {
                throw isPermission ? new UnauthorizedAccessException(path) : new IOException($"Input/output error: {path}", Eio);
            }
        }
    }
}
