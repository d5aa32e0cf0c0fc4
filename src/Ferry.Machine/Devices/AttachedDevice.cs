using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Machine.Iommu;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.Machine.Devices;

/// <summary>A vfio-user device of a machine: its memory mapped for DMA, its regions placed where the guest sees them, its migration.</summary>
/// <remarks>Register accesses come from a vCPU's thread, everything else from one other thread. A device that has gone reads as all ones
/// and takes writes into nothing: the guest goes on, and <see cref="Failure"/> says what happened. One that is stopped holds back a vCPU
/// that accesses its registers until it runs again; doorbells in mapped pages stay there until it looks. One whose DMA is by messages
/// can't access memory while it is stopped, whatever it sends.</remarks>
public sealed class AttachedDevice : IDisposable
{
    /// <summary>What a region takes of the hole below 4 GiB.</summary>
    internal const ulong SlotBytes = 1 << 20;

    private const int RegistersRegion = 0;
    private const int DoorbellRegion = 2;
    private const int MailboxRegion = 4;
    private const ulong MailboxOffset = 256 << 10;
    private const ulong MailboxBytes = 64 << 10;
    private const int RegisterStatus = 0x0C;
    private const uint StatusError = 2;
    private const int RegisterId = 0x00;
    private const int RegisterVersion = 0x04;
    private const int RegisterMessageBytes = 0x08;
    private const uint RnicId = 0x43494E52;
    private const uint MinMessageBytes = 64;
    private const uint MaxMessageBytes = 1 << 20;
    private const uint DoorbellPageBytes = 4096;
    private static readonly TimeSpan LookForFailure = TimeSpan.FromMilliseconds(50);

    private readonly VfioUserMappedRegion _doorbells;
    private readonly ManualResetEventSlim _takesAccesses = new(initialState: true);
    private int _waiting;

    private AttachedDevice(
        MachineDevice device, VfioUserClient client, ulong registersAddress, uint messageBytes, VfioUserMappedRegion doorbells, MediatedMemory? mediated, DeviceIommu? iommu)
    {
        (Device, Client, RegistersAddress, _doorbells, Mediated, Iommu) = (device, client, registersAddress, doorbells, mediated, iommu);
        Version = ReadRegister(RegistersAddress + RegisterVersion);
        MessageBytes = messageBytes;
        State = client.GetState();
    }

    /// <summary>What the machine's file says of it.</summary>
    public MachineDevice Device { get; }

    /// <summary>The connection.</summary>
    public VfioUserClient Client { get; }

    /// <summary>The version of the model, as its registers say.</summary>
    public uint Version { get; }

    /// <summary>The size of its messages in bytes.</summary>
    public uint MessageBytes { get; }

    /// <summary>The migration state it was last known to be in.</summary>
    public VfioDeviceState State { get; private set; }

    /// <summary>Why it can't be reached any more, or null.</summary>
    public Exception? Failure => Client.Failure;

    /// <summary>Whether a vCPU waits until the device, which is stopped, runs again. From any thread.</summary>
    public bool IsAwaited => Volatile.Read(ref _waiting) != 0;

    /// <summary>The virtual IOMMU that it is behind; null where it reaches guest memory by guest physical addresses.</summary>
    public DeviceIommu? Iommu { get; }

    /// <summary>What performs its DMA, where that is by messages.</summary>
    internal MediatedMemory? Mediated { get; }

    /// <summary>Where the guest sees its registers.</summary>
    internal ulong RegistersAddress { get; }

    /// <summary>Where other devices reach its mailbox.</summary>
    internal ulong MailboxAddress => DoorbellRegionAddress + MailboxOffset;

    /// <summary>Where the guest sees the doorbell page that it uses: the mapped one where there is one.</summary>
    internal ulong DoorbellsAddress => DoorbellRegionAddress + (MappedDoorbells is null ? 0 : DoorbellPageBytes);

    /// <summary>The doorbell page as it is mapped in this process, or null where each doorbell is a message.</summary>
    /// <remarks>It becomes the guest's memory, so it has to be just that page, writable, and to stay: anything else of a device would stop the
    /// vCPU that rings it, end this process, or lie over its neighbour.</remarks>
    internal MappedMemory? MappedDoorbells =>
        _doorbells is { IsWritable: true, CanShrink: false, Areas: [(DoorbellPageBytes, { LengthBytes: DoorbellPageBytes } page), ..] } ? page : null;

    private ulong DoorbellRegionAddress => RegistersAddress + SlotBytes;

    /// <summary>Takes the device from one migration state to another.</summary>
    public void SetState(VfioDeviceState next)
    {
        if (IsStopped(next))
        {
            _takesAccesses.Reset();
        }
        else
        {
            Mediated?.Allow();
        }

        try
        {
            Client.SetState(next);
            State = next;
        }
        catch (VfioUserException)
        {
            // Until it has said otherwise.
            State = VfioDeviceState.Error;
            State = Client.IsConnected ? Client.GetState() : VfioDeviceState.Error;
            throw;
        }
        // It may do at any later time what it did not answer.
        catch (VfioUserPeerException)
        {
            State = VfioDeviceState.Error;
            throw;
        }
        finally
        {
            if (IsStopped(State))
            {
                // A message that it gave up waiting for may still be queued here, and would come after the last report.
                Mediated?.Forbid();
            }
            else
            {
                _takesAccesses.Set();
            }
        }
    }

    /// <summary>Whether the device itself says that something is wrong with it; null where it can't be asked. From any thread.</summary>
    public bool? ReadsFault()
    {
        Span<byte> word = stackalloc byte[4];
        try
        {
            Client.RegionRead(RegistersRegion, RegisterStatus, word);
            return (BinaryPrimitives.ReadUInt32LittleEndian(word) & StatusError) != 0;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Lets this device reach another one's mailbox by DMA.</summary>
    /// <exception cref="MachineException">The other has none that could be shared.</exception>
    internal void MapMailboxOf(AttachedDevice peer)
    {
        using var mailbox = peer.Client.ShareRegion(MailboxRegion);
        if (mailbox is not { Info: { SizeBytes: MailboxBytes, Writable: true, MappableAreas: [(0, MailboxBytes)] } })
        {
            throw new MachineException($"device {Device.Id}: its peer {peer.Device.Id} shares no mailbox of {MailboxBytes} bytes.");
        }

        Client.MapDma(new IovaRange(new(peer.MailboxAddress), MailboxBytes), mailbox.FileOffsetBytes, read: true, write: true, mailbox.File);
    }

    /// <summary>Lets vCPUs go that wait for it, whatever it is in; for a machine that ends.</summary>
    internal void ReleaseAccesses() => _takesAccesses.Set();

    /// <summary>Connects, checks that the device is what the file says, and maps all guest memory for its DMA, by descriptor or by messages;
    /// nothing where a virtual IOMMU is between.</summary>
    /// <param name="device">What the file says.</param>
    /// <param name="index">Its number, which places its regions.</param>
    /// <param name="memory">Guest memory and its descriptor.</param>
    /// <exception cref="MachineException">It is not that device.</exception>
    internal static AttachedDevice Attach(MachineDevice device, int index, GuestMemoryFile memory)
    {
        var space = device.Iommu ? new AddressSpace(DeviceIommu.Aperture, DeviceIommu.MaxMappings) : null;
        var mediated = device.Dma == DeviceDma.Mediated ? new MediatedMemory(memory.Memory, space) : null;
        var client = VfioUserClient.Connect(device.Socket, new VfioUserClientOptions { DmaHandler = mediated });
        try
        {
            var messageBytes = CheckKind(device, client);
            foreach (var region in space is null ? memory.Memory.Regions : [])
            {
                client.MapDma(region.Range, region.FileOffsetBytes, read: true, write: true, mediated is null ? memory.Handle : null);
            }

            var iommu = space is null ? null : new DeviceIommu(space, client, memory, mediated is not null);
            return new(device, client, GuestDevices.AddressOf(index), messageBytes, client.MapRegion(DoorbellRegion), mediated, iommu);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Whether one of its regions lies at an address.</summary>
    internal bool Holds(ulong address) => address >= RegistersAddress && address - RegistersAddress < 2 * SlotBytes;

    /// <summary>Reads a 32-bit register.</summary>
    internal uint ReadRegister(ulong address)
    {
        WaitUntilItTakesAccesses();
        Span<byte> bytes = stackalloc byte[4];
        try
        {
            var (region, offset) = Find(address);
            Client.RegionRead(region, offset, bytes);
            return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        }
        catch (IOException)
        {
            return uint.MaxValue;
        }
    }

    /// <summary>Writes a 32-bit register and waits until the device has taken it.</summary>
    internal void WriteRegister(ulong address, uint value)
    {
        WaitUntilItTakesAccesses();
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        try
        {
            var (region, offset) = Find(address);
            Client.RegionWrite(region, offset, bytes);
        }
        catch (IOException)
        {
            // Refused, or gone: either way the guest's write has no effect, as on a bus.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _doorbells.Dispose();
        Client.Dispose();
        _takesAccesses.Dispose();
    }

    private static bool IsStopped(VfioDeviceState state) => state is VfioDeviceState.Stop or VfioDeviceState.StopCopy or VfioDeviceState.Resuming;

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

    /// <summary>Refuses a device that is not of its kind, and gives the size of its messages.</summary>
    private static uint CheckKind(MachineDevice device, VfioUserClient client)
    {
        Span<byte> word = stackalloc byte[4];
        client.RegionRead(RegistersRegion, RegisterId, word);
        var id = BinaryPrimitives.ReadUInt32LittleEndian(word);
        if (device.Kind != "rnic" || id != RnicId)
        {
            throw new MachineException($"device {device.Id}: what listens at {device.Socket} is no {device.Kind} (its ID register reads 0x{id:x8}).");
        }

        client.RegionRead(RegistersRegion, RegisterMessageBytes, word);
        var messageBytes = BinaryPrimitives.ReadUInt32LittleEndian(word);
        if (messageBytes is < MinMessageBytes or > MaxMessageBytes || messageBytes % MinMessageBytes != 0)
        {
            throw new MachineException($"device {device.Id}: its messages have {messageBytes} bytes; they have {MinMessageBytes} to {MaxMessageBytes}, a multiple of {MinMessageBytes}.");
        }

        return messageBytes;
    }

    private (int Region, ulong Offset) Find(ulong address) =>
        address < DoorbellRegionAddress ? (RegistersRegion, address - RegistersAddress) : (DoorbellRegion, address - DoorbellRegionAddress);
}
