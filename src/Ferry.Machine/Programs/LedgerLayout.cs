using System.Numerics;
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
    /// <param name="messageBytes">The message size of each NIC that is driven.</param>
    /// <param name="problem">Where null is returned: what does not fit.</param>
    public static LedgerLayout? TryCreate(MachineOptions options, IReadOnlyList<uint> messageBytes, out string? problem)
    {
        problem = null;
        var at = Nics;
        var areas = new List<NicArea>();
        foreach (var bytes in messageBytes)
        {
            var entries = (uint)Math.Clamp(BitOperations.RoundUpToPowerOf2((options.NicWorkingSetBytes / bytes) + 1) >> 1, 2, 65536);
            var rx = at;
            var cq = Align(rx + (entries * 16UL));
            var expected = Align(cq + (entries * 32UL));
            var buffers = Align(expected + (entries * 8UL));
            at = Align(buffers + ((ulong)entries * bytes));
            areas.Add(new(rx, cq, expected, buffers, entries, bytes));
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

    private static void AddFree(List<IovaRange> free, ulong start, ulong end)
    {
        if (end > start)
        {
            free.Add(new(new(start), end - start));
        }
    }

    private static ulong Align(ulong address) => (address + 4095) & ~4095UL;

    /// <summary>The memory of one NIC.</summary>
    internal sealed record NicArea(ulong Rx, ulong Cq, ulong Expected, ulong Buffers, uint Entries, uint MessageBytes);
}
