using Ferry.Linux;
using Ferry.Linux.Files;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Kvm;
using Ferry.Linux.Userfault;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking.Probing;
using Ferry.Tracking.Providers;
using Ferry.Tracking.Tests.Providers;

namespace Ferry.Tracking.Tests.Probing;

/// <summary>A kernel in which all works, until it is told to refuse something with an error number; the sentences are the library's own.</summary>
internal sealed class FakeCalls : IProbeCalls
{
    private int _call;

    public const int NotViable = -1;

    /// <summary>What opening a file fails with, by its path; <see cref="NotViable"/> is what a group says that is not viable.</summary>
    public Dictionary<string, int> Refused { get; } = [];

    /// <summary>The number of the call that fails with <see cref="FailWith"/>; 0 fails none.</summary>
    public int FailAt { get; set; }

    public int FailWith { get; set; } = 5;

    public ulong? LockLimitBytes { get; set; }

    public string? LogRefusal { get; set; }

    public string? RingRefusal { get; set; }

    public UserfaultAbilities Abilities { get; set; } = new(ulong.MaxValue, true, true, null, 0);

    public Obstacle? ScanProblem { get; set; }

    public TrackingPrecision Precision { get; set; } = TrackingPrecision.AllMapped;

    public FakeDevice Device { get; set; } = new();

    public List<string> Opened { get; } = [];

    public int OpenNow { get; private set; }

    public int CallCount => _call;

    public IProbedKvm? OpenKvm(out Obstacle? obstacle)
    {
        Pass("ioctl(KVM_GET_API_VERSION)");
        obstacle = Explain("/dev/kvm", KvmSystem.Remedy, KvmSystem.Permission);
        return obstacle is null ? new Kvm(this) : null;
    }

    public UserfaultAbilities? ReadUserfault(out Obstacle? obstacle)
    {
        Pass("userfaultfd");
        obstacle = Refused.TryGetValue("userfaultfd", out var errno) ? Obstacle.Of(WriteTracking.Explain(errno), errno) : null;
        return obstacle is null ? Abilities : null;
    }

    public Obstacle? TryScan()
    {
        Pass("ioctl(PAGEMAP_SCAN)");
        return ScanProblem;
    }

    public Obstacle? FindIommufdObstacle()
    {
        Pass("ioctl(IOMMU_IOAS_ALLOC)");
        return Explain("/dev/iommu", Iommufd.Remedy);
    }

    public Obstacle? FindContainerObstacle()
    {
        Pass("ioctl(VFIO_CHECK_EXTENSION)");
        return Explain("/dev/vfio/vfio", VfioContainer.RemedyOf("vfio_iommu_type1"));
    }

    public Obstacle? FindGroupObstacle(int group)
    {
        Pass("ioctl(VFIO_GROUP_GET_STATUS)");
        var path = $"/dev/vfio/{group}";
        return Refused.GetValueOrDefault(path) == NotViable
            ? new(ObstacleKind.Failed, VfioGroup.DescribeNotViable(group))
            : Explain(path, VfioGroup.RemedyOf(group));
    }

    public Type1Tracking TryContainer(int group)
    {
        Opened.Add($"container of {group}");
        Pass("ioctl(VFIO_IOMMU_MAP_DMA)");
        return new(null, PageSize.Size4K, Precision);
    }

    public IProbedDevice? OpenByFile(string path, out Obstacle? obstacle)
    {
        Opened.Add(path);
        obstacle = Explain(path, VfioDevice.Remedy) ?? Explain("/dev/iommu", Iommufd.Remedy);
        if (obstacle is not null)
        {
            return null;
        }

        try
        {
            Pass("ioctl(VFIO_DEVICE_BIND_IOMMUFD)");
        }
        catch (KernelCallException e)
        {
            obstacle = DeviceAsker.ExplainBind(e);
            return null;
        }

        return new Handle(this);
    }

    public IProbedDevice? OpenByGroup(int group, string name, out Obstacle? obstacle)
    {
        Opened.Add(name);
        Pass("ioctl(VFIO_GROUP_GET_DEVICE_FD)");
        obstacle = Explain("/dev/vfio/vfio", VfioContainer.RemedyOf("vfio_iommu_type1"));
        return obstacle is null ? new Handle(this) : null;
    }

    private void Pass(string call)
    {
        if (++_call == FailAt)
        {
            throw new KernelCallException(call, FailWith, FailWith == 16 && call.Contains("KVM", StringComparison.Ordinal) ? KvmSystem.BusyPath : "fake");
        }
    }

    private Obstacle? Explain(string path, string remedy, string? permission = null) =>
        Refused.TryGetValue(path, out var errno) ? Obstacle.Of(DeviceFile.Explain(path, remedy, errno, permission), errno) : null;

    /// <summary>What a device says.</summary>
    public sealed record FakeDevice
    {
        public VfioMigrationFlags Migration { get; init; } = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

        public IReadOnlyList<PageSize> LogSizes { get; init; } = [];

        public string? IommuObstacle { get; init; }
    }

    private sealed class Kvm(FakeCalls calls) : IProbedKvm
    {
        private readonly bool _counted = ++calls.OpenNow > 0;

        public int MemorySlots => 509;

        public bool HasOrderedRings => true;

        public Obstacle? TryLog()
        {
            calls.Pass("ioctl(KVM_CREATE_VM)");
            return calls.LogRefusal is { } reason ? Obstacle.Of(reason, 0) : null;
        }

        public Obstacle? TryRing(out int maxEntries)
        {
            calls.Pass("ioctl(KVM_CREATE_VM)");
            maxEntries = calls.RingRefusal is null ? 65536 : 0;
            return calls.RingRefusal is { } reason ? Obstacle.Of(reason, 0) : null;
        }

        public void Dispose() => calls.OpenNow -= _counted ? 1 : 0;
    }

    private sealed class Handle : IProbedDevice, IDeviceLogCalls
    {
        private readonly FakeCalls _calls;
        private readonly DeviceLogModel _log;

        public Handle(FakeCalls calls)
        {
            _calls = calls;
            _log = new(new IovaRange(new(0), 2 << 20)) { DeviceSizes = calls.Device.LogSizes.Count > 0 ? calls.Device.LogSizes : [PageSize.Size4K] };
            calls.OpenNow++;
        }

        public IDeviceLogCalls Log => this;

        public string Device => "fake device";

        public VfioMigrationFlags GetMigrationFlags()
        {
            _calls.Pass("ioctl(VFIO_DEVICE_FEATURE)");
            return _calls.Device.Migration;
        }

        public bool HasDmaLog() => _calls.Device.LogSizes.Count > 0;

        public string? FindIommuObstacle() => _calls.Device.IommuObstacle;

        public PageSize Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
        {
            _calls.Pass("ioctl(VFIO_DEVICE_FEATURE)");
            return _log.Start(ranges, pageSize);
        }

        public void Report(IovaRange range, PageSize pageSize, Span<ulong> words) => throw new InvalidOperationException("A probe reads no log.");

        public void Stop() => _log.Stop();

        public void Dispose()
        {
            _calls.OpenNow--;
            if (_log.IsTracking)
            {
                throw new InvalidOperationException("A log was left started.");
            }
        }
    }
}
