using Iced.Intel;
using static Ferry.Machine.Programs.GuestAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

/// <summary>The guest's program: transfers between accounts, messages from a NIC, and a check of all of it. See docs/ledger.md.</summary>
internal sealed partial class LedgerProgram
{
    // Of full period: the factor is 1 more than a multiple of 4, the step is odd. Both fit an immediate operand.
    private const int RandomFactor = 0x5D588B65;
    private const int RandomStep = 0x269EC3;

    private readonly GuestAssembler _guest;
    private readonly Assembler _asm;
    private Label _loop;
    private Label _nic;
    private Label _check;

    private LedgerProgram(ProgramTarget target)
    {
        _guest = new GuestAssembler(target);
        _asm = _guest.Asm;
        _loop = _asm.CreateLabel("loop");
        _nic = _asm.CreateLabel("nic");
        _check = _asm.CreateLabel("check");
    }

    /// <summary>Assembles it.</summary>
    /// <param name="target">What for.</param>
    /// <param name="entryOffset">The offset of its first instruction.</param>
    public static byte[] Assemble(ProgramTarget target, out ulong entryOffset)
    {
        var program = new LedgerProgram(target);
        program.EmitLoop();
        program.EmitNic();
        program.EmitCheck();
        return program._guest.Assemble(program._loop, out entryOffset);
    }

    /// <summary>Asks for a budget, does as many transfers, looks after the NIC, and begins again.</summary>
    /// <remarks>Meanwhile r8 = where the pages begin, r9 = their number, r12 = transfers left, r13 = the generator's state,
    /// r15 = the factor of the sequence: a host that emulates instructions takes as long for each as others take for a page.</remarks>
    private void EmitLoop()
    {
        var transfer = _asm.CreateLabel("transfer");
        var next = _asm.CreateLabel("next");
        var wrongFirst = _asm.CreateLabel("wrongFirst");
        var wrongSecond = _asm.CreateLabel("wrongSecond");
        var wrong = _asm.CreateLabel("wrong");

        _asm.Label(ref _loop);
        _guest.PortIn(GuestPorts.Budget);
        _asm.test(eax, eax);
        _asm.js(_check);
        _asm.mov(r12d, eax);
        _asm.and(r12d, 0xffff);
        _asm.je(_nic);
        _asm.mov(r8, Block(ControlBlock.PagesBase));
        _asm.mov(r9, Block(ControlBlock.PageCount));
        _asm.mov(r13, Block(ControlBlock.Random));
        _asm.mov(r15, LedgerPage.SequenceFactor);

        _asm.Label(ref transfer);
        EmitPickPage(rsi, wrongFirst);
        EmitPickPage(rdi, wrongSecond);
        EmitTransfer();
        _asm.Label(ref next);
        _asm.dec(r12d);
        _asm.jne(transfer);
        _asm.mov(Block(ControlBlock.Random), r13);
        _asm.jmp(_nic);

        _asm.Label(ref wrongFirst);
        _asm.mov(rdx, rsi);
        _asm.jmp(wrong);
        _asm.Label(ref wrongSecond);
        _asm.mov(rdx, rdi);
        _asm.Label(ref wrong);
        _asm.sub(rdx, r8);
        _asm.shr(rdx, LedgerPage.Shift);
        EmitError(LedgerError.PageIdentity);
        _asm.jmp(next);
    }

    /// <summary>The address of a random page, by the upper half of a linear congruential generator's next state.</summary>
    private void EmitPickPage(AssemblerRegister64 address, Label wrong)
    {
        _asm.imul(r13, r13, RandomFactor);
        _asm.add(r13, RandomStep);
        _asm.mov(address, r13);
        _asm.shr(address, 32);
        _asm.imul(address, r9);
        _asm.shr(address, 32);
        _asm.shl(address, LedgerPage.Shift);
        _asm.add(address, r8);
        _asm.cmp(Guest(address), address);
        _asm.jne(wrong);
    }

    /// <summary>Moves an amount from an account of the page at rsi to one of the page at rdi, all of them by bits that chose no page.</summary>
    private void EmitTransfer()
    {
        _asm.mov(ecx, r13d);
        _asm.shr(ecx, 12);
        _asm.and(ecx, 0xff);
        _asm.mov(eax, r13d);
        _asm.shr(eax, 20);
        _asm.and(eax, 0xf00);
        _asm.mov(edx, r13d);
        _asm.shr(edx, 16);
        _asm.and(edx, 0xf00);
        _asm.lea(r10, __qword_ptr[rax + 1]);
        _asm.imul(r10, rcx);
        _asm.lea(r11, __qword_ptr[rdx + 1]);
        _asm.imul(r11, rcx);
        _asm.add(rax, rsi);
        _asm.sub(Guest(rax, LedgerPage.Account), rcx);
        _asm.add(rdx, rdi);
        _asm.add(Guest(rdx, LedgerPage.Account), rcx);
        _asm.inc(Guest(rsi, LedgerPage.Sequence));
        _asm.sub(r10, r15);
        _asm.sub(Guest(rsi, LedgerPage.Checksum), r10);
        _asm.inc(Guest(rdi, LedgerPage.Sequence));
        _asm.add(r11, r15);
        _asm.add(Guest(rdi, LedgerPage.Checksum), r11);
        _asm.inc(Block(ControlBlock.Transfers));
    }

    /// <summary>Counts an error, keeps its code and the detail in rdx, and reports it. Uses rax.</summary>
    private void EmitError(LedgerError error)
    {
        _asm.inc(Block(ControlBlock.Errors));
        _asm.mov(eax, (int)error);
        _asm.mov(Block(ControlBlock.LastErrorCode), rax);
        _asm.mov(Block(ControlBlock.LastErrorDetail), rdx);
        _guest.PortOut(GuestPorts.Error);
    }
}
