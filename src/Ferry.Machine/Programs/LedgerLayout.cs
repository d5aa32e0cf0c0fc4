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
            var entries = (uint)Math.Clamp(BitOperations.RoundUpToPowerOf2((options.NicWorkingSetBytes / bytes) + 1) >> 1, 2, 65536);
            var rx = at;
            var cq = Align(rx + (entries * 16UL));
            var expected = Align(cq + (entries * 32UL));
            var buffers = Align(expected + (entries * 8UL));
            at = Align(buffers + ((ulong)entries * bytes));
            var area = new NicArea(rx, cq, expected, buffers, entries, bytes);
            if (hasIommu && (problem = IommuProblem(area)) is not null)
            {
                return null;
            }

            areas.Add(hasIommu ? area with { Iovas = NicIovas.Of(area) } : area);
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
