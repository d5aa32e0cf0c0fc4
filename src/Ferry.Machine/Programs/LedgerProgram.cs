using Iced.Intel;
using static Ferry.Machine.Programs.GuestAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

/// <summary>The guest's program: transfers between accounts, messages from a NIC, and a check of all of it. See docs/ledger.md.</summary>
internal sealed partial class LedgerProgram
{
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
    private void EmitLoop()
    {
        var transfer = _asm.CreateLabel("transfer");
        var next = _asm.CreateLabel("next");
        var wrongFirst = _asm.CreateLabel("wrongFirst");
        var wrongSecond = _asm.CreateLabel("wrongSecond");

        _asm.Label(ref _loop);
        _guest.PortIn(GuestPorts.Budget);
        _asm.test(eax, eax);
        _asm.js(_check);
        _asm.mov(r12d, eax);
        _asm.and(r12d, 0xffff);
        _asm.je(_nic);

        _asm.Label(ref transfer);
        EmitRandom();
        EmitPageAddress(rsi, r10, high: false);
        EmitPageAddress(rdi, r11, high: true);
        _asm.mov(rax, LedgerPage.Magic);
        _asm.add(rax, r10);
        _asm.cmp(Guest(rsi), rax);
        _asm.jne(wrongFirst);
        _asm.mov(rax, LedgerPage.Magic);
        _asm.add(rax, r11);
        _asm.cmp(Guest(rdi), rax);
        _asm.jne(wrongSecond);

        // The amount and both accounts come from bits of the random number that chose no page.
        _asm.mov(rcx, r8);
        _asm.shr(rcx, 12);
        _asm.and(ecx, 0xff);
        _asm.mov(rax, r8);
        _asm.and(eax, 0xf00);
        _asm.mov(rdx, r8);
        _asm.shr(rdx, 24);
        _asm.and(edx, 0xf00);
        _asm.lea(r10, __qword_ptr[rax + 1]);
        _asm.imul(r10, rcx);
        _asm.lea(r11, __qword_ptr[rdx + 1]);
        _asm.imul(r11, rcx);
        _asm.add(rax, rsi);
        _asm.sub(Guest(rax, LedgerPage.Account), rcx);
        _asm.add(rdx, rdi);
        _asm.add(Guest(rdx, LedgerPage.Account), rcx);
        _asm.mov(rdx, LedgerPage.SequenceFactor);
        _asm.inc(Guest(rsi, LedgerPage.Sequence));
        _asm.mov(rax, rdx);
        _asm.sub(rax, r10);
        _asm.add(Guest(rsi, LedgerPage.Checksum), rax);
        _asm.inc(Guest(rdi, LedgerPage.Sequence));
        _asm.add(rdx, r11);
        _asm.add(Guest(rdi, LedgerPage.Checksum), rdx);
        _asm.inc(Block(ControlBlock.Transfers));

        _asm.Label(ref next);
        _asm.dec(r12d);
        _asm.jne(transfer);
        _asm.jmp(_nic);

        _asm.Label(ref wrongFirst);
        _asm.mov(rdx, r10);
        EmitError(LedgerError.PageIdentity);
        _asm.jmp(next);
        _asm.Label(ref wrongSecond);
        _asm.mov(rdx, r11);
        EmitError(LedgerError.PageIdentity);
        _asm.jmp(next);
    }

    /// <summary>The next number of the xorshift64 generator, into r8. Uses r9.</summary>
    private void EmitRandom()
    {
        _asm.mov(r8, Block(ControlBlock.Random));
        _asm.mov(r9, r8);
        _asm.shl(r9, 13);
        _asm.xor(r8, r9);
        _asm.mov(r9, r8);
        _asm.shr(r9, 7);
        _asm.xor(r8, r9);
        _asm.mov(r9, r8);
        _asm.shl(r9, 17);
        _asm.xor(r8, r9);
        _asm.mov(Block(ControlBlock.Random), r8);
    }

    /// <summary>Scales one half of r8 to a page number and gives the page's address.</summary>
    private void EmitPageAddress(AssemblerRegister64 address, AssemblerRegister64 number, bool high)
    {
        _asm.mov(number, r8);
        if (!high)
        {
            _asm.shl(number, 32);
        }

        _asm.shr(number, 32);
        _asm.imul(number, Block(ControlBlock.PageCount));
        _asm.shr(number, 32);
        _asm.mov(address, number);
        _asm.shl(address, 12);
        _asm.add(address, Block(ControlBlock.PagesBase));
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
