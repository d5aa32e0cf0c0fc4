using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>A VFIO container of type1: takes devices by their groups, and is tracked as a whole.</summary>
internal sealed class ContainerSpace : KernelSpace
{
    private readonly KernelGroups _groups;
    private readonly VfioContainer _container;
    private string? _whyNotTracked;

    /// <exception cref="MachineException">There can be none here.</exception>
    public ContainerSpace(string name, GuestMemoryFile memory, KernelGroups groups)
        : base(name, memory)
    {
        _groups = groups;
        if (!VfioContainer.TryOpen(out var container, out var reason))
        {
            throw new MachineException($"container {name}: {reason}");
        }

        _container = container!;
    }

    /// <inheritdoc/>
    public override IEnumerable<IDirtyTracker> CreateTrackers() =>
        Type1Tracker.TryCreate(_container, Sources, out var tracker, out _whyNotTracked) ? [tracker] : [];

    /// <inheritdoc/>
    public override string? WhyNoTracker(string tracker, DmaSource source) =>
        tracker == "iommufd" ? $"it is in {this}; open = \"cdev\" and ioas = NAME in the machine's file put it into an address space of iommufd" : _whyNotTracked;

    /// <inheritdoc/>
    public override string ToString() => $"the container {Name}";

    /// <inheritdoc/>
    public override void Dispose() => _container.Dispose();

    /// <inheritdoc/>
    protected override VfioDevice Open(MachineDevice device, VfioPlace place) => _groups.Open(device, place, this, group =>
    {
        group.SetContainer(_container);
        // A container is what it is from its first group on.
        if (Sources.Count == 0)
        {
            _container.UseType1();
        }
    });

    /// <inheritdoc/>
    protected override void Map(IovaRange range, Hva memory) => _container.Map(range, memory, MapAccess.ReadWrite);
}
