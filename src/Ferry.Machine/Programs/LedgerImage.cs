using System.Buffers.Binary;
using System.Numerics;
using Ferry.Memory;

namespace Ferry.Machine.Programs;

/// <summary>Writes the program, its page tables, control blocks and fresh pages into guest memory, before the machine starts.</summary>
internal static class LedgerImage
{
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong LargePage = 0x80;

    // Set beforehand, so that a walk through the tables never writes them: they would be dirty pages for nothing.
    private const ulong Accessed = 0x20;
    private const ulong Dirty = 0x40;

    /// <summary>Writes everything.</summary>
    /// <param name="memory">The guest's memory, zeroed where it is written.</param>
    /// <param name="options">Checked options.</param>
    /// <param name="layout">Where everything goes.</param>
    /// <param name="code">The program for KVM; null where it runs outside of guest memory, on memory that is mapped without the hole.</param>
    /// <param name="nics">For each NIC area where what belongs to its NIC is.</param>
    public static void Write(GuestMemory memory, MachineOptions options, LedgerLayout layout, byte[]? code, IReadOnlyList<NicAddresses> nics)
    {
        if (code is not null)
        {
            code.CopyTo(memory.GetSpan(new(LedgerLayout.Code), code.Length));
            WritePageTables(memory, options.MemoryBytes);
        }

        for (ulong page = 0, vcpu = 0; vcpu < (ulong)options.VcpuCount; vcpu++)
        {
            var count = (layout.PageCount * (vcpu + 1) / (ulong)options.VcpuCount) - page;
            var start = layout.Pages + (page * LedgerPage.Bytes);
            var seen = code is null && start >= GuestLayout.HoleEnd ? start - (GuestLayout.HoleEnd - GuestLayout.HoleStart) : start;
            for (ulong offset = 0; offset < count * LedgerPage.Bytes; offset += LedgerPage.Bytes)
            {
                LedgerPage.Initialize(memory.GetSpan(new(start + offset), LedgerPage.Bytes), seen + offset);
            }

            var block = memory.GetSpan(new(LedgerLayout.ControlBlockOf((int)vcpu)), ControlBlock.Bytes);
            Put(block, ControlBlock.Magic, ControlBlock.MagicValue);
            Put(block, ControlBlock.PagesBase, seen);
            Put(block, ControlBlock.PageCount, count);
            Put(block, ControlBlock.Random, (((options.Seed * 2) + 1) * 0x9E3779B97F4A7C15) ^ ((vcpu + 1) << 32));
            Put(block, ControlBlock.Total, count * LedgerPage.InitialTotal);
            if ((int)vcpu < layout.NicAreas.Count)
            {
                WriteNic(block, layout.NicAreas[(int)vcpu], nics[(int)vcpu], options.CheckStrideBytes);
            }

            page += count;
        }
    }

    /// <summary>Lets the program of a vCPU find a NIC that it did not have. While no vCPU runs.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="options">Checked options.</param>
    /// <param name="vcpu">The vCPU, which drives none yet.</param>
    /// <param name="area">Memory that the program does not use; its rings are zeroed.</param>
    /// <param name="nic">Where what belongs to the NIC is.</param>
    public static void AddNic(GuestMemory memory, MachineOptions options, int vcpu, LedgerLayout.NicArea area, NicAddresses nic)
    {
        memory.GetSpan(new(area.Rx), (int)(area.Buffers - area.Rx)).Clear();
        WriteNic(memory.GetSpan(new(LedgerLayout.ControlBlockOf(vcpu)), ControlBlock.Bytes), area, nic, options.CheckStrideBytes);
    }

    private static void WriteNic(Span<byte> block, LedgerLayout.NicArea area, NicAddresses nic, uint strideBytes)
    {
        const uint headerBytes = 64;
        Put(block, ControlBlock.NicRegisters, nic.Registers);
        Put(block, ControlBlock.NicDoorbells, nic.Doorbells);
        Put(block, ControlBlock.PeerBase, nic.Peer);
        Put(block, ControlBlock.RxBase, area.Rx);
        Put(block, ControlBlock.RxEntries, area.Entries);
        Put(block, ControlBlock.CqBase, area.Cq);
        Put(block, ControlBlock.CqEntries, area.Entries);
        Put(block, ControlBlock.CqShift, (ulong)BitOperations.Log2(area.Entries));
        Put(block, ControlBlock.Buffers, area.Buffers);
        Put(block, ControlBlock.MessageBytes, area.MessageBytes);
        Put(block, ControlBlock.StrideBytes, strideBytes);
        Put(block, ControlBlock.SampleCount, (area.MessageBytes - headerBytes + strideBytes - 1) / strideBytes);
        Put(block, ControlBlock.Expected, area.Expected);
        Put(block, ControlBlock.NextSequence, 1);
        Put(block, ControlBlock.Iommu, nic.Iommu);
        Put(block, ControlBlock.SlotPage, area.Iovas?.SlotPage ?? 0);
        Put(block, ControlBlock.SlotPages, area.Iovas?.SlotPages ?? 0);
        Put(block, ControlBlock.RxIova, area.Iovas?.Rx ?? area.Rx);
        Put(block, ControlBlock.RxPages, area.RxPages);
        Put(block, ControlBlock.CqIova, area.Iovas?.Cq ?? area.Cq);
        Put(block, ControlBlock.CqPages, area.CqPages);
    }

    /// <summary>Maps every address up to the end of memory, and of the hole below 4 GiB, to itself in pages of 2 MiB.</summary>
    private static void WritePageTables(GuestMemory memory, ulong memoryBytes)
    {
        const int perTable = 512;
        var gibibytes = Math.Max(4, ((memoryBytes + GuestLayout.HoleEnd - GuestLayout.HoleStart) + (1UL << 30) - 1) >> 30);
        var pointerTables = (gibibytes + perTable - 1) / perTable;
        const ulong pointers = LedgerLayout.PageTables + 4096;
        var directories = pointers + (pointerTables * 4096);
        for (ulong table = 0; table < pointerTables; table++)
        {
            PutEntry(memory, LedgerLayout.PageTables, table, (pointers + (table * 4096)) | Present | Writable | Accessed);
        }

        for (ulong gibibyte = 0; gibibyte < gibibytes; gibibyte++)
        {
            var directory = directories + (gibibyte * 4096);
            PutEntry(memory, pointers, gibibyte, directory | Present | Writable | Accessed);
            for (ulong entry = 0; entry < perTable; entry++)
            {
                PutEntry(memory, directory, entry, (gibibyte << 30) | (entry << 21) | LargePage | Present | Writable | Accessed | Dirty);
            }
        }
    }

    private static void PutEntry(GuestMemory memory, ulong table, ulong index, ulong value) => Put(memory.GetSpan(new(table + (index * 8)), 8), 0, value);

    /// <summary>Where the guest finds what belongs to a NIC.</summary>
    /// <param name="Registers">Its registers.</param>
    /// <param name="Doorbells">The doorbell page that it uses.</param>
    /// <param name="Peer">The mailbox of its peer; 0 for no peer.</param>
    /// <param name="Iommu">The registers of its virtual IOMMU; 0 for none.</param>
    internal readonly record struct NicAddresses(ulong Registers, ulong Doorbells, ulong Peer, ulong Iommu);

    private static void Put(Span<byte> bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
