using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;

namespace Ferry.Machine.Iommu;

/// <summary>The virtual IOMMU of a device: the guest's program says which memory the device reaches, and at which addresses, while it runs.</summary>
/// <remarks>
/// Commands come from the thread of the vCPU that drives the device, and hold the gate of the address space until the device has done its
/// part: what is mapped is in the address space before the device knows of it, and what is unmapped leaves it after the device gave it back
/// and its dirty pages were taken. Mappings are part of the machine's state.
/// </remarks>
public sealed class DeviceIommu
{
    /// <summary>The addresses that can be mapped: 1 GiB from 1 TiB on, where no guest memory and no other device is.</summary>
    internal static readonly IovaRange Aperture = new(new(1UL << 40), 1UL << 30);

    /// <summary>How many mappings a device can have at a time; each is a mapping of its process, of which the kernel allows 65,530.</summary>
    internal const int MaxMappings = 16384;

    private readonly VfioUserClient _client;
    private readonly GuestMemoryFile _memory;
    private readonly bool _isMediated;
    private uint _iovaPage;
    private uint _memoryPage;
    private IommuStatus _status;
    private long _changes;

    /// <summary>Nothing is mapped.</summary>
    /// <param name="space">The device's addresses.</param>
    /// <param name="client">The device.</param>
    /// <param name="memory">What can be mapped.</param>
    /// <param name="isMediated">Whether the device gets no descriptor of it.</param>
    internal DeviceIommu(AddressSpace space, VfioUserClient client, GuestMemoryFile memory, bool isMediated) =>
        (Space, _client, _memory, _isMediated) = (space, client, memory, isMediated);

    /// <summary>How many mappings there are. From any thread.</summary>
    public int MappingCount => Space.Count;

    /// <summary>How often anything was mapped or unmapped here. From any thread.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>What the device's addresses stand for.</summary>
    internal AddressSpace Space { get; }

    /// <summary>The tracker that has to be told of what is unmapped; null for none.</summary>
    internal TranslatedTracker? Tracker { get; set; }

    /// <summary>Reads a register; there is nothing behind others than those that are described, which read as zero.</summary>
    internal uint ReadRegister(ulong offset) => offset switch
    {
        IommuRegisters.Id => IommuRegisters.IdValue,
        IommuRegisters.Version => IommuRegisters.VersionValue,
        IommuRegisters.AperturePage => (uint)(Aperture.Start.Value >> PageSize.Size4K.Shift),
        IommuRegisters.AperturePages => (uint)(Aperture.LengthBytes >> PageSize.Size4K.Shift),
        IommuRegisters.MaxMappings => MaxMappings,
        IommuRegisters.Mappings => (uint)Space.Count,
        IommuRegisters.IovaPage => _iovaPage,
        IommuRegisters.MemoryPage => _memoryPage,
        IommuRegisters.Status => (uint)_status,
        _ => 0,
    };

    /// <summary>Writes a register; when a command's write returns, it is done.</summary>
    internal void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case IommuRegisters.IovaPage:
                _iovaPage = value;
                break;
            case IommuRegisters.MemoryPage:
                _memoryPage = value;
                break;
            case IommuRegisters.Command:
                _status = Obey(value & 0xff, value >> IommuRegisters.PagesShift);
                break;
        }
    }

    /// <summary>What travels with the machine. While no vCPU runs.</summary>
    internal IommuState Save() => new(_iovaPage, _memoryPage, (uint)_status, Space.GetMappings());

    /// <summary>Maps what a state says. While no vCPU runs, and before the device does.</summary>
    /// <exception cref="InvalidDataException">Some of it can't be mapped; nothing is mapped then.</exception>
    internal void Load(IommuState state)
    {
        lock (Space.Gate)
        {
            // Most of it may be there already, from what was loaded ahead.
            var before = Space.GetMappings().ToHashSet();
            var after = state.Mappings.ToHashSet();
            if (Array.Find(state.Mappings, mapping => !IsMemory(mapping, out _)) is { Range.LengthBytes: > 0 } nowhere)
            {
                Clear();
                throw new InvalidDataException($"IOMMU state: {nowhere.Range} can't be mapped to {nowhere.Start}: there is no such memory.");
            }

            try
            {
                UnmapMany([.. before.Where(mapping => !after.Contains(mapping))]);
                MapMany([.. state.Mappings.Where(mapping => !before.Contains(mapping))]);
            }
            catch (IOException e)
            {
                Clear();
                throw new InvalidDataException($"IOMMU state: {e.Message}", e);
            }
        }

        (_iovaPage, _memoryPage, _status) = (state.IovaPage, state.MemoryPage, (IommuStatus)state.Status);
    }

    /// <summary>Unmaps everything. While no vCPU runs.</summary>
    internal void Clear()
    {
        UnmapAll();
        (_iovaPage, _memoryPage, _status) = (0, 0, IommuStatus.Done);
    }

    private IommuStatus Obey(uint command, uint pages)
    {
        if (command == IommuRegisters.CommandUnmapAll)
        {
            return UnmapAll();
        }

        if (pages == 0 || command is not (IommuRegisters.CommandMap or IommuRegisters.CommandMapReadOnly or IommuRegisters.CommandUnmap))
        {
            return IommuStatus.BadCommand;
        }

        var range = new IovaRange(new((ulong)_iovaPage << PageSize.Size4K.Shift), (ulong)pages << PageSize.Size4K.Shift);
        return command == IommuRegisters.CommandUnmap
            ? Unmap(range)
            : Map(new(range, new((ulong)_memoryPage << PageSize.Size4K.Shift), command == IommuRegisters.CommandMap));
    }

    private IommuStatus Map(AddressSpaceMapping mapping)
    {
        if (!Aperture.Contains(mapping.Range))
        {
            return IommuStatus.OutsideAperture;
        }

        if (!IsMemory(mapping, out var fileOffset))
        {
            return IommuStatus.NotMemory;
        }

        lock (Space.Gate)
        {
            if (!Space.TryAdd(mapping))
            {
                return IommuStatus.Taken;
            }

            try
            {
                _client.MapDma(mapping.Range, fileOffset, read: true, mapping.IsWritable, _isMediated ? null : _memory.Handle);
                Volatile.Write(ref _changes, _changes + 1);
                return IommuStatus.Done;
            }
            catch (VfioUserException)
            {
                Space.TryRemove(mapping.Range);
                return IommuStatus.DeviceFailed;
            }
            catch (IOException)
            {
                // It may map it later than it was waited for, and write it: what it logs has to find its page. Who has gone does neither.
                return _client.IsConnected ? IommuStatus.DeviceFailed : IommuStatus.Done;
            }
        }
    }

    private IommuStatus Unmap(IovaRange range)
    {
        lock (Space.Gate)
        {
            return Space.TryFind(range.Start, out var mapping) && mapping.Range == range ? Unmap(mapping) : IommuStatus.NoMapping;
        }
    }

    private IommuStatus UnmapAll()
    {
        lock (Space.Gate)
        {
            var status = IommuStatus.Done;
            foreach (var mapping in Space.GetMappings())
            {
                status = Unmap(mapping) is var each and not IommuStatus.Done ? each : status;
            }

            return status;
        }
    }

    // With the gate held, while nothing is tracked; as for the next.
    private void UnmapMany(AddressSpaceMapping[] mappings)
    {
        _client.UnmapDma([.. mappings.Select(mapping => mapping.Range)]);
        Array.ForEach(mappings, mapping => Space.TryRemove(mapping.Range));
    }

    // Of pages that are known to be memory.
    private void MapMany(AddressSpaceMapping[] mappings)
    {
        var wanted = new VfioUserMapping[mappings.Length];
        for (var i = 0; i < mappings.Length; i++)
        {
            _ = IsMemory(mappings[i], out var fileOffset);
            wanted[i] = new(mappings[i].Range, fileOffset, Read: true, mappings[i].IsWritable);
        }

        _client.MapDma(wanted, _isMediated ? null : _memory.Handle);
        Array.ForEach(mappings, mapping => Space.TryAdd(mapping));
    }

    // With the gate held.
    private IommuStatus Unmap(AddressSpaceMapping mapping)
    {
        using var written = new DirtyBitmap(mapping.Range, PageSize.Size4K);
        var status = GiveBack(mapping, written);
        Tracker?.TakeUnmapped(mapping, written);
        if (status != IommuStatus.Done)
        {
            Tracker?.Doubt(mapping);
            return status;
        }

        Space.TryRemove(mapping.Range);
        Volatile.Write(ref _changes, _changes + 1);
        return status;
    }

    // Sets in 'written' what the device wrote since the last report; all of it where the device does not say.
    private IommuStatus GiveBack(AddressSpaceMapping mapping, DirtyBitmap written)
    {
        try
        {
            if (mapping.IsWritable && Tracker is { IsStarted: true })
            {
                try
                {
                    _client.UnmapDma(mapping.Range, PageSize.Size4K, written);
                    return IommuStatus.Done;
                }
                catch (VfioUserException)
                {
                    // It does not give dirty pages with what it unmaps, or not these.
                    written.SetAll();
                }
            }

            _client.UnmapDma(mapping.Range);
            return IommuStatus.Done;
        }
        catch (IOException)
        {
            written.SetAll();
            // Who has gone writes nothing any more.
            return _client.IsConnected ? IommuStatus.DeviceFailed : IommuStatus.Done;
        }
    }

    private bool IsMemory(AddressSpaceMapping mapping, out ulong fileOffset)
    {
        foreach (var region in _memory.Memory.Regions)
        {
            if (mapping.Start >= region.Start && mapping.Start <= region.Last && mapping.Range.LengthBytes - 1 <= region.Last.Value - mapping.Start.Value)
            {
                fileOffset = region.FileOffsetBytes + (mapping.Start.Value - region.Start.Value);
                return true;
            }
        }

        fileOffset = 0;
        return false;
    }
}
