using System.Buffers.Binary;
using System.Numerics;
using Ferry.Machine.Iommu;
using Ferry.Memory;

namespace Ferry.Machine.Programs;

/// <summary>Where everything that the program uses lies in guest memory. See docs/ledger.md.</summary>
internal sealed class LedgerLayout
{
    public const ulong Code = 0x1_0000;
    public const ulong ControlBlocks = 0x2_0000;
    public const ulong PageTables = 0x10_0000;
    private const ulong Nics = 0x80_0000;

    private LedgerLayout(IReadOnlyList<NicArea> nicAreas, ulong pages, ulong pageCount, IReadOnlyList<IovaRange> free) =>
        (NicAreas, Pages, PageCount, Free) = (nicAreas, pages, pageCount, free);

    /// <summary>The rings and buffers of each NIC.</summary>
    public IReadOnlyList<NicArea> NicAreas { get; }

    /// <summary>Where the ledger's pages begin.</summary>
    public ulong Pages { get; }

    /// <summary>How many there are.</summary>
    public ulong PageCount { get; }

    /// <summary>The memory that the program does not use and that can be filled, sorted.</summary>
    public IReadOnlyList<IovaRange> Free { get; }

    /// <summary>The control block of a vCPU.</summary>
    public static ulong ControlBlockOf(int vcpu) => ControlBlocks + ((ulong)vcpu * ControlBlock.Bytes);

    /// <summary>Lays everything out.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="nics">The message size of each NIC that is driven, and whether it is behind a virtual IOMMU.</param>
    /// <param name="problem">Where null is returned: what does not fit.</param>
    public static LedgerLayout? TryCreate(MachineOptions options, IReadOnlyList<(uint MessageBytes, bool HasIommu)> nics, out string? problem)
    {
        problem = null;
        var at = Nics;
        var areas = new List<NicArea>();
        foreach (var (bytes, hasIommu) in nics)
        {
            if (AreaAt(at, options, bytes, hasIommu, out problem) is not { } area)
            {
                return null;
            }

            areas.Add(area);
            at = area.End;
        }

        var lowEnd = Math.Min(options.MemoryBytes, GuestLayout.HoleStart);
        var highBytes = options.MemoryBytes - lowEnd;
        var isHigh = options.WorkingSetBytes <= highBytes;
        if (at > lowEnd || (!isHigh && options.WorkingSetBytes > lowEnd - at))
        {
            problem = $"working-set: {options.WorkingSetBytes} bytes of pages fit neither in the {highBytes} bytes from 4 GiB on "
                + $"nor, with {at - Nics} bytes of NIC rings and buffers, between {Nics} and {lowEnd}";
            return null;
        }

        var pages = isHigh ? GuestLayout.HoleEnd : at;
        var free = new List<IovaRange>();
        AddFree(free, isHigh ? at : at + options.WorkingSetBytes, lowEnd);
        AddFree(free, GuestLayout.HoleEnd + (isHigh ? options.WorkingSetBytes : 0), GuestLayout.HoleEnd + highBytes);
        return new(areas, pages, options.WorkingSetBytes / LedgerPage.Bytes, free);
    }

    /// <summary>Lays out one more NIC, for a machine that runs: in the highest memory below the hole that no vCPU's control block names.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="memory">Its memory. What a guest wrote into its control blocks decides where, and nothing else.</param>
    /// <param name="messageBytes">The size of the NIC's messages.</param>
    /// <param name="hasIommu">Whether it is behind a virtual IOMMU.</param>
    /// <param name="problem">Where null is returned: what does not fit.</param>
    public static NicArea? TryAdd(MachineOptions options, GuestMemory memory, uint messageBytes, bool hasIommu, out string? problem)
    {
        if (AreaAt(0, options, messageBytes, hasIommu, out problem) is not { End: var bytes })
        {
            return null;
        }

        var top = Math.Min(options.MemoryBytes, GuestLayout.HoleStart);
        foreach (var (start, end) in Used(options, memory).Append((Start: 0UL, End: Nics)).OrderByDescending(used => used.End))
        {
            if (end <= top && top - end >= bytes)
            {
                return AreaAt(top - bytes, options, messageBytes, hasIommu, out problem);
            }

            top = Math.Min(top, start & ~4095UL);
        }

        problem = $"memory: no {bytes} bytes are left below {GuestLayout.HoleStart} for the rings and buffers of one more NIC; a smaller nic-working-set takes less";
        return null;
    }

    private static IEnumerable<(ulong Start, ulong End)> Used(MachineOptions options, GuestMemory memory)
    {
        for (var vcpu = 0; vcpu < options.VcpuCount; vcpu++)
        {
            ulong Field(int field) => BinaryPrimitives.ReadUInt64LittleEndian(memory.GetSpan(new(ControlBlockOf(vcpu) + (ulong)field), sizeof(ulong)));
            yield return Taken(Field(ControlBlock.PagesBase), Field(ControlBlock.PageCount), LedgerPage.Bytes);
            if (Field(ControlBlock.NicRegisters) != 0)
            {
                var buffers = Field(ControlBlock.Buffers);
                yield return (Math.Min(Field(ControlBlock.RxBase), buffers), Taken(buffers, Field(ControlBlock.RxEntries), Field(ControlBlock.MessageBytes)).End);
            }
        }
    }

    // A guest that claims more than there are addresses has all from there on.
    private static (ulong Start, ulong End) Taken(ulong start, ulong count, ulong bytes) =>
        (start, (ulong)UInt128.Min(start + ((UInt128)count * bytes) + 4095, ulong.MaxValue) & ~4095UL);

    private static NicArea? AreaAt(ulong at, MachineOptions options, uint messageBytes, bool hasIommu, out string? problem)
    {
        problem = null;
        var entries = (uint)Math.Clamp(BitOperations.RoundUpToPowerOf2((options.NicWorkingSetBytes / messageBytes) + 1) >> 1, 2, 65536);
        var cq = Align(at + (entries * 16UL));
        var expected = Align(cq + (entries * 32UL));
        var buffers = Align(expected + (entries * 8UL));
        var area = new NicArea(at, cq, expected, buffers, entries, messageBytes);
        return !hasIommu ? area : (problem = IommuProblem(area)) is null ? area with { Iovas = NicIovas.Of(area) } : null;
    }

    private static string? IommuProblem(NicArea area)
    {
        const int rings = 2;
        var iovas = NicIovas.Of(area);
        var pages = iovas.SlotPage + (2UL * area.Entries * iovas.SlotPages) - (DeviceIommu.Aperture.Start.Value >> PageSize.Size4K.Shift);
        return area.Entries > DeviceIommu.MaxMappings - rings
            ? $"nic-working-set: {area.Entries} buffers of {area.MessageBytes} bytes; a virtual IOMMU maps at most {DeviceIommu.MaxMappings - rings} at a time; take larger messages or a smaller set"
            : pages > DeviceIommu.Aperture.LengthBytes >> PageSize.Size4K.Shift
                ? $"nic-working-set: {area.Entries} buffers of {area.MessageBytes} bytes take {pages} pages of I/O virtual addresses, of which there are {DeviceIommu.Aperture.LengthBytes >> PageSize.Size4K.Shift}"
                : null;
    }

    private static void AddFree(List<IovaRange> free, ulong start, ulong end)
    {
        if (end > start)
        {
            free.Add(new(new(start), end - start));
        }
    }

    private static ulong Align(ulong address) => (address + 4095) & ~4095UL;

    /// <summary>The memory of one NIC.</summary>
    internal sealed record NicArea(ulong Rx, ulong Cq, ulong Expected, ulong Buffers, uint Entries, uint MessageBytes)
    {
        /// <summary>The pages of the receive ring.</summary>
        public ulong RxPages => (Cq - Rx) >> PageSize.Size4K.Shift;

        /// <summary>The pages of the completion ring.</summary>
        public ulong CqPages => (Expected - Cq) >> PageSize.Size4K.Shift;

        /// <summary>The first address behind it, at a whole page.</summary>
        public ulong End => Align(Buffers + ((ulong)Entries * MessageBytes));

        /// <summary>Where the NIC sees it, where that is not where it lies.</summary>
        public NicIovas? Iovas { get; init; }
    }

    /// <summary>Where a NIC behind a virtual IOMMU sees its rings, and the addresses that its buffers take in turn.</summary>
    /// <param name="Rx">The receive ring, in bytes.</param>
    /// <param name="Cq">The completion ring, in bytes.</param>
    /// <param name="SlotPage">The page number of the first slot for a buffer; there are twice as many as buffers.</param>
    /// <param name="SlotPages">The pages of a slot: those that a buffer touches, wherever it begins.</param>
    internal sealed record NicIovas(ulong Rx, ulong Cq, ulong SlotPage, ulong SlotPages)
    {
        /// <summary>The addresses for <paramref name="area"/>, from the beginning of the aperture on.</summary>
        public static NicIovas Of(NicArea area)
        {
            var rx = DeviceIommu.Aperture.Start.Value;
            var cq = rx + (area.RxPages << PageSize.Size4K.Shift);
            return new(
                rx, cq, (cq >> PageSize.Size4K.Shift) + area.CqPages,
                ((area.MessageBytes + 4095UL) >> PageSize.Size4K.Shift) + (area.MessageBytes % 4096 == 0 ? 0u : 1u));
        }
    }
}
