using Ferry.Machine.Iommu;
using static Ferry.Machine.Programs.GuestAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

/// <summary>What the program does where the NIC is behind a virtual IOMMU: it maps each buffer when it posts it, at another address each
/// time round, and unmaps it when its message has come, before it looks at it. See docs/viommu.md.</summary>
internal sealed partial class LedgerProgram
{
    private const int PageOffset = 4095;
    private const int PageShift = 12;

    /// <summary>Maps the rings, which stay mapped: the receive ring to be read, the completion ring to be written. Uses rax, rcx, rdx, rsi, r9.</summary>
    private void EmitMapRings()
    {
        var none = _asm.CreateLabel();
        _asm.cmp(Block(ControlBlock.Iommu), 0);
        _asm.je(none);
        EmitMapRing(ControlBlock.RxIova, ControlBlock.RxBase, ControlBlock.RxPages, IommuRegisters.CommandMapReadOnly);
        EmitMapRing(ControlBlock.CqIova, ControlBlock.CqBase, ControlBlock.CqPages, IommuRegisters.CommandMap);
        _asm.Label(ref none);
        _asm.nop();
    }

    /// <summary>Maps the buffer at rdi at the address that its place in the receive ring has this time, if there is an IOMMU. Leaves in r12 the
    /// distance from the buffer to where the NIC sees it. Uses rax, rcx, rsi, r9, r15.</summary>
    private void EmitMapPosted()
    {
        var done = _asm.CreateLabel();
        _asm.xor(r12d, r12d);
        _asm.cmp(Block(ControlBlock.Iommu), 0);
        _asm.je(done);
        _asm.mov(rcx, Block(ControlBlock.RxTail));
        EmitSlotPage();
        EmitBufferPages();
        _asm.mov(eax, r12d);
        EmitIommuWrite(IommuRegisters.IovaPage);
        _asm.mov(rax, rdi);
        _asm.shr(rax, PageShift);
        EmitIommuWrite(IommuRegisters.MemoryPage);
        _asm.lea(eax, __dword_ptr[r15d + (int)IommuRegisters.CommandMap]);
        EmitIommuCommand();
        EmitDistance();
        _asm.Label(ref done);
        _asm.nop();
    }

    /// <summary>Unmaps the buffer whose turn it is at the completion queue's head, r8, if there is an IOMMU, so that the NIC can't write it any more.
    /// Leaves in r12 the distance from the buffer to where the NIC saw it. Uses rax, rcx, rdx, rsi, rdi, r9, r15.</summary>
    private void EmitUnmapTaken()
    {
        var done = _asm.CreateLabel();
        _asm.xor(r12d, r12d);
        _asm.cmp(Block(ControlBlock.Iommu), 0);
        _asm.je(done);
        _asm.mov(rdi, Block(ControlBlock.RxEntries));
        _asm.dec(rdi);
        _asm.and(rdi, r8);
        _asm.imul(rdi, Block(ControlBlock.MessageBytes));
        _asm.add(rdi, Block(ControlBlock.Buffers));
        _asm.mov(rcx, r8);
        EmitSlotPage();
        EmitBufferPages();
        _asm.mov(eax, r12d);
        EmitIommuWrite(IommuRegisters.IovaPage);
        _asm.lea(eax, __dword_ptr[r15d + (int)IommuRegisters.CommandUnmap]);
        EmitIommuCommand();
        EmitDistance();
        _asm.Label(ref done);
        _asm.nop();
    }

    /// <summary>r12 = the page number of the slot for the index in ecx, which counts on for ever. Each time round the ring the slots move on by one,
    /// so an address stands for another buffer than before; there are twice as many slots as buffers, so none is taken that is in use. Uses rax, rcx.</summary>
    private void EmitSlotPage()
    {
        _asm.mov(r12d, ecx);
        _asm.mov(eax, ecx);
        _asm.mov(rcx, Block(ControlBlock.CqShift));
        _asm.shr(eax, cl);
        _asm.add(r12d, eax);
        _asm.mov(rax, Block(ControlBlock.RxEntries));
        _asm.lea(rax, __qword_ptr[rax + rax - 1]);
        _asm.and(r12, rax);
        _asm.imul(r12, Block(ControlBlock.SlotPages));
        _asm.add(r12, Block(ControlBlock.SlotPage));
    }

    /// <summary>r15 = the number of pages that the buffer at rdi touches, where a command has it.</summary>
    private void EmitBufferPages()
    {
        _asm.mov(r15, rdi);
        _asm.and(r15d, PageOffset);
        _asm.add(r15, Block(ControlBlock.MessageBytes));
        _asm.add(r15, PageOffset);
        _asm.shr(r15, PageShift);
        _asm.shl(r15, IommuRegisters.PagesShift);
    }

    /// <summary>r12, a page number, becomes the distance from the page of the buffer at rdi to it. Uses rax.</summary>
    private void EmitDistance()
    {
        _asm.mov(rax, rdi);
        _asm.shr(rax, PageShift);
        _asm.sub(r12, rax);
        _asm.shl(r12, PageShift);
    }

    private void EmitMapRing(int iova, int memory, int pages, uint command)
    {
        _asm.mov(rax, Block(iova));
        _asm.shr(rax, PageShift);
        EmitIommuWrite(IommuRegisters.IovaPage);
        _asm.mov(rax, Block(memory));
        _asm.shr(rax, PageShift);
        EmitIommuWrite(IommuRegisters.MemoryPage);
        _asm.mov(rax, Block(pages));
        _asm.shl(rax, IommuRegisters.PagesShift);
        _asm.add(rax, (int)command);
        EmitIommuCommand();
    }

    /// <summary>Gives the command in eax, and reports it where it is refused. Uses rax, rsi, r9.</summary>
    private void EmitIommuCommand()
    {
        var done = _asm.CreateLabel();
        EmitIommuWrite(IommuRegisters.Command);
        _asm.mov(rsi, Block(ControlBlock.Iommu));
        _asm.add(rsi, IommuRegisters.Status);
        _guest.RegisterRead();
        _asm.test(eax, eax);
        _asm.je(done);
        _asm.mov(esi, eax);
        EmitErrorKeeping(LedgerError.IommuRefused, rsi);
        _asm.Label(ref done);
        _asm.nop();
    }

    /// <summary>Writes eax to a register of the IOMMU. Uses rsi.</summary>
    private void EmitIommuWrite(int register)
    {
        _asm.mov(rsi, Block(ControlBlock.Iommu));
        _asm.add(rsi, register);
        _guest.RegisterWrite();
    }
}
