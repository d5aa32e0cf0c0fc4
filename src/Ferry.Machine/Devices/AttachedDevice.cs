using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Machine.Iommu;
using Ferry.Tracking;

namespace Ferry.Machine.Devices;

/// <summary>A device of a machine, a process or one of the kernel's: its regions placed where the guest sees them, its migration.</summary>
/// <remarks>Register accesses come from a vCPU's thread, everything else from one other thread. A device that has gone reads as all ones
/// and takes writes into nothing: the guest goes on, and <see cref="Failure"/> says what happened. One that is stopped holds back a vCPU
/// that accesses its registers until it runs again. Doorbells in the mapped page of a vfio-user device stay there until it looks; what is mapped of
/// a device of the kernel's is taken from the guest while it is stopped. A device whose DMA is by messages can't access memory while it is stopped,
/// whatever it sends.</remarks>
public sealed class AttachedDevice : IDisposable
{
    private const int MailboxRegion = 4;
    private const ulong MailboxOffset = 256 << 10;
    private const ulong MailboxBytes = 64 << 10;
    private static readonly TimeSpan LookForFailure = TimeSpan.FromMilliseconds(50);

    private readonly ManualResetEventSlim _takesAccesses = new(initialState: true);
    private int _waiting;

    private AttachedDevice(MachineDevice device, IDeviceLink link)
    {
        (Device, Link) = (device, link);
        State = link.GetState();
    }

    /// <summary>What the machine's file says of it.</summary>
    public MachineDevice Device { get; }

    /// <summary>What its state bytes are those of: its kind, and for a device of the kernel's that they are a driver's. The destination's must be the same.</summary>
    public string StateKind => Link.StateFormat is { } format ? $"{format}:{Device.Kind}" : Device.Kind;

    /// <summary>The version of the model, as its registers say; 0 for what the guest doesn't drive.</summary>
    public uint Version { get; private init; }

    /// <summary>The size of its messages in bytes; 0 for what the guest doesn't drive.</summary>
    public uint MessageBytes { get; private init; }

    /// <summary>Where the guest sees its regions.</summary>
    public IReadOnlyList<DeviceWindow> Windows { get; private init; } = [];

    /// <summary>What migration it supports.</summary>
    public VfioMigrationFlags MigrationFlags => Link.MigrationFlags;

    /// <summary>The migration state it was last known to be in.</summary>
    public VfioDeviceState State { get; private set; }

    /// <summary>Why it can't be reached any more, or null.</summary>
    public Exception? Failure => Link.Failure;

    /// <summary>Whether a vCPU waits until the device, which is stopped, runs again. From any thread.</summary>
    public bool IsAwaited => Volatile.Read(ref _waiting) != 0;

    /// <summary>The virtual IOMMU that it is behind; null where it reaches guest memory by guest physical addresses.</summary>
    public DeviceIommu? Iommu => (Link as VfioUserLink)?.Iommu;

    /// <summary>How it is reached.</summary>
    internal IDeviceLink Link { get; }

    /// <summary>Whether the guest's program drives it where it has a vCPU for it.</summary>
    internal bool IsRnic => Device.Kind == MachineDevice.RnicKind;

    /// <summary>What of it becomes guest memory.</summary>
    internal IReadOnlyList<(ulong Address, MappedMemory Memory)> Mapped { get; private init; } = [];

    /// <summary>Whether what is mapped of it has to be taken from the guest while it is stopped.</summary>
    internal bool HidesMappedWhenStopped => Device.Vfio is not null && Mapped.Count > 0;

    /// <summary>Called with false before the device stops, and with true after it runs again, where <see cref="HidesMappedWhenStopped"/>.</summary>
    internal Action<bool>? ShowMapped { get; set; }

    /// <summary>Where the guest sees its registers.</summary>
    internal ulong RegistersAddress => Windows[0].Address;

    /// <summary>Where other devices reach its mailbox.</summary>
    internal ulong MailboxAddress => Windows[1].Address + MailboxOffset;

    /// <summary>Where the guest sees the doorbell page that it uses: the mapped one where there is one.</summary>
    internal ulong DoorbellsAddress => Mapped is [var (page, _)] ? page : Windows[1].Address;

    /// <summary>Takes the device from one migration state to another.</summary>
    public void SetState(VfioDeviceState next)
    {
        if (IsStopped(next))
        {
            _takesAccesses.Reset();
        }
        else
        {
            Link.AllowDma();
        }

        try
        {
            if (IsStopped(next))
            {
                ShowMapped?.Invoke(false);
            }

            Link.SetState(next);
            State = next;
        }
        // An answer that did not come is no refusal: it may do at any later time what it did not answer.
        catch (IOException e)
        {
            State = VfioDeviceState.Error;
            State = e is VfioUser.Client.VfioUserPeerException || Link.Failure is not null ? VfioDeviceState.Error : Link.GetState();
            throw;
        }
        finally
        {
            if (IsStopped(State))
            {
                Link.ForbidDma();
            }
            else
            {
                ShowMapped?.Invoke(true);
                _takesAccesses.Set();
            }
        }
    }

    /// <summary>An estimate of the bytes that STOP_COPY will give, or null where the device gives none.</summary>
    public ulong? EstimateStopCopyBytes() => Link.EstimateStopCopyBytes();

    /// <summary>Reads state bytes in PRE_COPY, PRE_COPY_P2P or STOP_COPY; 0 means none are there now (pre-copy) or ever (stop-copy).</summary>
    public int ReadState(Span<byte> buffer) => Link.ReadState(buffer);

    /// <summary>Writes state bytes in RESUMING, all of them.</summary>
    public void WriteState(ReadOnlySpan<byte> data) => Link.WriteState(data);

    /// <summary>How many interrupts of it came so far; null where nobody takes them. From any thread.</summary>
    public ulong? CountInterrupts() => Link.CountInterrupts();

    /// <summary>Whether the device itself says that something is wrong with it; null where it can't be asked. From any thread.</summary>
    public bool? ReadsFault()
    {
        try
        {
            return IsRnic ? RnicFace.ReadsFault(Link) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads bytes of a region as they are, whether the guest sees it or not. From any thread.</summary>
    /// <exception cref="MachineException">It has no such bytes, or it is stopped.</exception>
    /// <exception cref="IOException">It refused.</exception>
    public void ReadRegion(int region, ulong offsetBytes, Span<byte> data)
    {
        CheckAccess(region, offsetBytes, data.Length);
        Link.Read(region, offsetBytes, data);
    }

    /// <summary>Writes bytes of a region as they are, whether the guest sees it or not. From any thread.</summary>
    /// <exception cref="MachineException">It has no such bytes, or it is stopped.</exception>
    /// <exception cref="IOException">It refused.</exception>
    public void WriteRegion(int region, ulong offsetBytes, ReadOnlySpan<byte> data)
    {
        CheckAccess(region, offsetBytes, data.Length);
        Link.Write(region, offsetBytes, data);
    }

    /// <summary>Why there is no tracker of a name that sees its writes; null where that is not known.</summary>
    public string? WhyNoTracker(string name) => Link.WhyNoTracker(name);

    /// <summary>Makes the trackers that see the writes of this device alone.</summary>
    internal IEnumerable<IDirtyTracker> CreateTrackers() => Link.CreateTrackers(new(Device.Id));

    /// <summary>Lets this device reach another one's mailbox by DMA.</summary>
    /// <exception cref="MachineException">The other has none that could be shared.</exception>
    internal void MapMailboxOf(AttachedDevice peer)
    {
        if (Link is not VfioUserLink own || peer.Link is not VfioUserLink other || !own.TryMapRegionOf(other, MailboxRegion, new(new(peer.MailboxAddress), MailboxBytes)))
        {
            throw new MachineException($"device {Device.Id}: its peer {peer.Device.Id} shares no mailbox of {MailboxBytes} bytes.");
        }
    }

    /// <summary>Lets vCPUs go that wait for it, whatever it is in; for a machine that ends.</summary>
    internal void ReleaseAccesses() => _takesAccesses.Set();

    /// <summary>Checks that a device is what the file says, and places its regions.</summary>
    /// <param name="device">What the file says.</param>
    /// <param name="index">Its number, which places its regions where the guest's program drives it.</param>
    /// <param name="bus">Places the regions of others.</param>
    /// <param name="link">The device, with all guest memory mapped for its DMA; disposed with the result, or at once where there is none.</param>
    /// <exception cref="MachineException">It is not that device, or can't be placed.</exception>
    /// <exception cref="IOException">It can't be asked.</exception>
    internal static AttachedDevice Attach(MachineDevice device, int index, GuestBus bus, IDeviceLink link)
    {
        try
        {
            return device.Kind == MachineDevice.RnicKind ? OfRnic(device, index, link) : OfOther(device, bus, link);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Whether one of its regions lies at an address.</summary>
    internal bool Holds(ulong address) => TryFind(address, out _, out _);

    /// <summary>Reads a 32-bit register.</summary>
    internal uint ReadRegister(ulong address)
    {
        WaitUntilItTakesAccesses();
        Span<byte> bytes = stackalloc byte[4];
        try
        {
            if (TryFind(address, out var region, out var offset))
            {
                Link.Read(region, offset, bytes);
                return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            }
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // Beyond the region's end, or gone: nobody answers, as on a bus.
        }

        return uint.MaxValue;
    }

    /// <summary>Writes a 32-bit register and waits until the device has taken it.</summary>
    internal void WriteRegister(ulong address, uint value)
    {
        WaitUntilItTakesAccesses();
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        try
        {
            if (TryFind(address, out var region, out var offset))
            {
                Link.Write(region, offset, bytes);
            }
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // Refused, or gone: either way the guest's write has no effect, as on a bus.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Link.Dispose();
        _takesAccesses.Dispose();
    }

    private static bool IsStopped(VfioDeviceState state) => state is VfioDeviceState.Stop or VfioDeviceState.StopCopy or VfioDeviceState.Resuming;

    private static AttachedDevice OfRnic(MachineDevice device, int index, IDeviceLink link)
    {
        var (version, messageBytes) = RnicFace.Check(device, link);
        var (registers, doorbells) = (GuestBus.AddressOf(index), GuestBus.AddressOf(index) + GuestBus.SlotBytes);
        (ulong Address, MappedMemory Memory)[] mapped = [.. RnicFace.FindDoorbellPage(link) is { } page ? [(doorbells + page.OffsetBytes, page.Memory)] : Array.Empty<(ulong, MappedMemory)>()];
        return new(device, link)
        {
            Version = version,
            MessageBytes = messageBytes,
            Windows =
            [
                new(RnicFace.RegistersRegion, registers, GuestBus.SlotBytes, 0),
                new(RnicFace.DoorbellRegion, doorbells, GuestBus.SlotBytes, mapped is [var (_, memory)] ? memory.LengthBytes : 0),
            ],
            Mapped = mapped,
        };
    }

    private static AttachedDevice OfOther(MachineDevice device, GuestBus bus, IDeviceLink link)
    {
        var windows = new List<DeviceWindow>();
        var mapped = new List<(ulong, MappedMemory)>();
        foreach (var region in link.Regions.Where(region => region.IsWindow))
        {
            if (!bus.TryTake(region.LengthBytes, out var address))
            {
                throw new MachineException($"device {device.Id}: no addresses are left for its region {region.Index} of {region.LengthBytes} bytes.");
            }

            var areas = link.Map(region.Index);
            mapped.AddRange(areas.Select(area => (address + area.OffsetBytes, area.Memory)));
            windows.Add(new(region.Index, address, region.LengthBytes, areas.Aggregate(0UL, (sum, area) => sum + area.Memory.LengthBytes)));
        }

        return new(device, link) { Windows = windows, Mapped = mapped };
    }

    private void CheckAccess(int region, ulong offsetBytes, int lengthBytes)
    {
        if (Link.Regions.FirstOrDefault(each => each.Index == region) is not { } known)
        {
            throw new MachineException($"device {Device.Id} has no region {region}; it has {string.Join(", ", Link.Regions.Select(each => each.Index))}.");
        }

        if (offsetBytes >= known.LengthBytes || (ulong)lengthBytes > known.LengthBytes - offsetBytes)
        {
            throw new MachineException($"device {Device.Id}: {lengthBytes} bytes at {offsetBytes} are not within the {known.LengthBytes} bytes of its region {region}.");
        }

        if (IsStopped(State))
        {
            throw new MachineException($"device {Device.Id} is stopped ({VfioMigrationNames.Of(State)}), and must not be accessed.");
        }
    }

    private void WaitUntilItTakesAccesses()
    {
        if (_takesAccesses.IsSet)
        {
            return;
        }

        Interlocked.Increment(ref _waiting);
        try
        {
            // One that went away while it was stopped never runs again, and reads as all ones.
            while (!_takesAccesses.Wait(LookForFailure) && Failure is null)
            {
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private bool TryFind(ulong address, out int region, out ulong offsetBytes)
    {
        foreach (var window in Windows)
        {
            if (address >= window.Address && address - window.Address < window.LengthBytes)
            {
                (region, offsetBytes) = (window.Region, address - window.Address);
                return true;
            }
        }

        (region, offsetBytes) = (0, 0);
        return false;
    }
}
