using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Devices;

/// <summary>A device of the lab's driver <c>ferry_rnic</c>, alone in a container, with memory that is mapped for it and a driver that has enabled it.</summary>
internal sealed class ContainedRnic : IDisposable
{
    private static readonly Iova Rings = new(16 << 20);
    private readonly MediatedDevice _made;
    private readonly VfioGroup _group;
    private readonly GuestMemoryFile _memory;
    private byte[] _copy = [];

    /// <summary>Makes it.</summary>
    public ContainedRnic(RnicOptions options)
    {
        _made = options.Create();
        LabContext.Require(VfioContainer.TryOpen(out var container, out var reason), reason ?? "");
        LabContext.Require(VfioGroup.TryOpen(VfioFiles.OpenGroup(_made.Folder), out var group, out reason), reason ?? "");
        (Container, _group) = (container!, group!);
        _group.SetContainer(Container);
        Container.UseType1();
        Device = _group.OpenDevice(Path.GetFileName(_made.Folder));
        _memory = GuestMemoryFile.Create([(new(Rings.Value), RnicDriver.RingsBytes), (new(Range.Start.Value), Range.LengthBytes)]);
        foreach (var region in _memory.Memory.Regions)
        {
            Container.Map(region.Range, region.Host, MapAccess.ReadWrite);
        }

        Driver = new RnicDriver(Device, _memory.Memory, Rings);
        Driver.Enable();
    }

    /// <summary>The memory that it writes messages to. Its rings are elsewhere.</summary>
    public static IovaRange Range { get; } = new(new(32 << 20), 4 << 20);

    /// <summary>The container.</summary>
    public VfioContainer Container { get; }

    /// <summary>The device.</summary>
    public VfioDevice Device { get; }

    /// <summary>What drives it.</summary>
    public RnicDriver Driver { get; }

    private Span<byte> Bytes => _memory.Memory.GetSpan(new(Range.Start.Value), (int)Range.LengthBytes);

    /// <summary>Has a message written there, and returns when it is.</summary>
    public void Write(Iova address)
    {
        Driver.Post(address);
        Driver.Ring();
        Driver.TakeAll();
    }

    /// <summary>Writes one of its options.</summary>
    /// <exception cref="IOException">The kernel refused: it is open.</exception>
    public void Set(string option, string value) => _made.Set($"rnic/{option}", value);

    /// <summary>Takes a copy of the range.</summary>
    public void Remember() => _copy = Bytes.ToArray();

    /// <summary>Which pages of 4 KiB differ from the copy; the caller's to dispose.</summary>
    public DirtyBitmap Changed()
    {
        var changed = new DirtyBitmap(Range, PageSize.Size4K);
        for (ulong page = 0; page < changed.PageCount; page++)
        {
            var at = (int)(page << PageSize.Size4K.Shift);
            if (!Bytes.Slice(at, (int)PageSize.Size4K.Bytes).SequenceEqual(_copy.AsSpan(at, (int)PageSize.Size4K.Bytes)))
            {
                changed.SetPages(page, 1);
            }
        }

        return changed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Driver.Dispose();
        Device.Dispose();
        _group.Dispose();
        Container.Dispose();
        _made.Dispose();
        _memory.Dispose();
    }
}
