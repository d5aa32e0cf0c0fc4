using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>An address space of iommufd. Devices whose IOMMU has dirty bits share page tables that are made for tracking.</summary>
internal sealed class IoasSpace : KernelSpace
{
    private readonly KernelGroups _groups;
    private readonly Iommufd _iommufd;
    private readonly Ioas _ioas;
    private readonly List<PageTable> _tables = [];
    private readonly Dictionary<DmaSource, string> _untracked = [];

    /// <param name="name">Its name.</param>
    /// <param name="memory">What is mapped.</param>
    /// <param name="groups">The groups that are open.</param>
    /// <param name="iommufd">What it is made of; outlives it.</param>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public IoasSpace(string name, GuestMemoryFile memory, KernelGroups groups, Iommufd iommufd)
        : base(name, memory) => (_groups, _iommufd, _ioas) = (groups, iommufd, iommufd.CreateIoas());

    /// <inheritdoc/>
    public override IEnumerable<IDirtyTracker> CreateTrackers()
    {
        foreach (var table in _tables)
        {
            if (IommufdTracker.TryCreate(_iommufd, table.Hwpt, table.Devices, table.Sources, out var tracker, out var reason))
            {
                yield return tracker;
            }
            else
            {
                table.Sources.ForEach(source => _untracked[source] = reason);
            }
        }
    }

    /// <inheritdoc/>
    public override string? WhyNoTracker(string tracker, DmaSource source) => tracker == "type1"
        ? $"it is in {this}, which tracks nothing as a whole; open = \"group\" and container = NAME in the machine's file put it into a VFIO container"
        : _untracked.GetValueOrDefault(source);

    /// <inheritdoc/>
    public override string ToString() => $"the address space {Name}";

    /// <inheritdoc/>
    public override void Dispose()
    {
        _tables.ForEach(table => table.Hwpt.Dispose());
        _ioas.Dispose();
    }

    /// <inheritdoc/>
    protected override VfioDevice Open(MachineDevice device, VfioPlace place)
    {
        var source = new DmaSource(device.Id);
        if (device.Vfio!.Opening == VfioOpening.Group)
        {
            _untracked[source] = "it was opened by its group, which does not say which page table it is on; open = \"cdev\" in the machine's file does";
            // The kernel attaches a device to what is set when it is opened.
            _iommufd.SetCompatibleIoas(_ioas);
            return _groups.Open(device, place, this, group => group.SetContainer(_iommufd));
        }

        if (!place.TryFindFile(out var path, out var reason) || !VfioDevice.TryOpen(path, out var opened, out reason))
        {
            throw new MachineException($"device {device.Id}: {reason}");
        }

        try
        {
            opened!.Bind(_iommufd);
            if (IommufdTracker.FindObstacle(_iommufd, [opened.DeviceId]) is { } obstacle)
            {
                _untracked[source] = obstacle;
                opened.Attach(_ioas.Id);
            }
            else if (!_tables.Exists(table => TryAttach(opened, source, table)))
            {
                var table = new PageTable(_iommufd.CreateHwpt(opened.DeviceId, _ioas, dirtyTracking: true), [], []);
                _tables.Add(table);
                opened.Attach(table.Hwpt.Id);
                table.Add(opened, source);
            }

            return opened;
        }
        catch
        {
            opened!.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Map(IovaRange range, Hva memory) => _ioas.Map(range, memory, MapAccess.ReadWrite);

    // A page table is for one IOMMU; the devices of a host may be behind several.
    private static bool TryAttach(VfioDevice device, DmaSource source, PageTable table)
    {
        try
        {
            device.Attach(table.Hwpt.Id);
        }
        catch (KernelCallException)
        {
            return false;
        }

        table.Add(device, source);
        return true;
    }

    private sealed record PageTable(Hwpt Hwpt, List<uint> Devices, List<DmaSource> Sources)
    {
        public void Add(VfioDevice device, DmaSource source)
        {
            Devices.Add(device.DeviceId);
            Sources.Add(source);
        }
    }
}
