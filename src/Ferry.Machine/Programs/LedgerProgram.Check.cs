using Iced.Intel;
using static Ferry.Machine.Programs.GuestAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

internal sealed partial class LedgerProgram
{
    private const int PagesPerYield = 256;
    private const int BuffersPerYield = 64;

    /// <summary>Checks every page, the total, the sequences, and every message that the NIC's buffers hold.</summary>
    private void EmitCheck()
    {
        _asm.Label(ref _check);
        _asm.mov(r15, Block(ControlBlock.Errors));
        EmitCheckPages();
        EmitCheckMessages();
        _asm.mov(rax, Block(ControlBlock.Errors));
        _asm.sub(rax, r15);
        _asm.mov(Block(ControlBlock.CheckErrors), rax);
        _asm.inc(Block(ControlBlock.Checks));
        _guest.PortOut(GuestPorts.CheckDone);
        _asm.jmp(_loop);
    }

    /// <summary>r8 = page number, rsi = its address, r9 = sum of accounts, r10 = sum of sequences, rcx = checksum of a page.</summary>
    private void EmitCheckPages()
    {
        var page = _asm.CreateLabel();
        var next = _asm.CreateLabel();
        var wrongIdentity = _asm.CreateLabel();
        var wrongChecksum = _asm.CreateLabel();
        var sums = _asm.CreateLabel();
        var sequences = _asm.CreateLabel();
        var done = _asm.CreateLabel();

        _asm.xor(r8d, r8d);
        _asm.xor(r9d, r9d);
        _asm.xor(r10d, r10d);
        _asm.mov(rsi, Block(ControlBlock.PagesBase));
        _asm.Label(ref page);
        _asm.cmp(r8, Block(ControlBlock.PageCount));
        _asm.jae(sums);
        _asm.cmp(Guest(rsi), rsi);
        _asm.jne(wrongIdentity);
        _asm.mov(rcx, Guest(rsi, LedgerPage.Sequence));
        _asm.add(r10, rcx);
        _asm.mov(rdx, LedgerPage.SequenceFactor);
        _asm.imul(rcx, rdx);
        for (var account = 0; account < LedgerPage.Accounts; account++)
        {
            _asm.mov(rax, Guest(rsi, LedgerPage.Account + (account * LedgerPage.AccountStride)));
            _asm.add(r9, rax);
            _asm.imul(rax, rax, LedgerPage.WeightOf(account));
            _asm.add(rcx, rax);
        }

        _asm.cmp(Guest(rsi, LedgerPage.Checksum), rcx);
        _asm.jne(wrongChecksum);

        _asm.Label(ref next);
        _asm.add(rsi, LedgerPage.Bytes);
        _asm.inc(r8);
        _asm.mov(eax, r8d);
        _asm.and(eax, PagesPerYield - 1);
        _asm.jne(page);
        _guest.PortIn(GuestPorts.Yield);
        _asm.jmp(page);

        _asm.Label(ref wrongIdentity);
        _asm.mov(rdx, r8);
        EmitError(LedgerError.PageIdentity);
        _asm.jmp(next);
        _asm.Label(ref wrongChecksum);
        _asm.mov(rdx, r8);
        EmitError(LedgerError.PageChecksum);
        _asm.jmp(next);

        _asm.Label(ref sums);
        _asm.cmp(r9, Block(ControlBlock.Total));
        _asm.je(sequences);
        _asm.mov(rdx, r9);
        EmitError(LedgerError.Total);
        _asm.Label(ref sequences);
        _asm.mov(rax, Block(ControlBlock.Transfers));
        _asm.add(rax, rax);
        _asm.cmp(r10, rax);
        _asm.je(done);
        _asm.mov(rdx, r10);
        EmitError(LedgerError.Sequences);
        _asm.Label(ref done);
        _asm.nop();
    }

    /// <summary>Holds the NIC, checks its counters and the message in every buffer that has received one, and lets it go on.</summary>
    private void EmitCheckMessages()
    {
        var done = _asm.CreateLabel();
        _asm.xor(eax, eax);
        _asm.mov(Block(ControlBlock.CheckedMessages), rax);
        _asm.cmp(Block(ControlBlock.NicReady), 0);
        _asm.je(done);
        EmitHoldNic(gone: done);
        EmitCheckBuffers();
        _asm.mov(eax, 1);
        EmitRegisterWrite(RegisterControl);
        _asm.Label(ref done);
        _asm.nop();
    }

    /// <summary>Checks that the NIC is the one that was set up, and stops it. All ones: it is gone, and what it was writing when it went
    /// can't be told.</summary>
    private void EmitHoldNic(Label gone)
    {
        var enabled = _asm.CreateLabel();
        var quiet = _asm.CreateLabel();
        var noFault = _asm.CreateLabel();
        var counted = _asm.CreateLabel();

        EmitRegisterRead(RegisterControl);
        _asm.cmp(eax, -1);
        _asm.je(gone);
        _asm.test(eax, 1);
        _asm.jne(enabled);
        _asm.mov(edx, eax);
        EmitError(LedgerError.NicState);
        _asm.Label(ref enabled);
        _asm.xor(eax, eax);
        EmitRegisterWrite(RegisterControl);

        _asm.Label(ref quiet);
        EmitRegisterRead(RegisterStatus);
        _asm.cmp(eax, -1);
        _asm.je(gone);
        _asm.test(eax, 1);
        _asm.jne(quiet);
        _asm.test(eax, RegisterStatusError);
        _asm.je(noFault);
        _asm.mov(edx, eax);
        EmitError(LedgerError.NicStopped);
        _asm.Label(ref noFault);

        // It has sent what was received, and at most as many more as buffers were posted.
        EmitRegisterRead(RegisterSentMessages);
        _asm.cmp(eax, -1);
        _asm.je(gone);
        _asm.mov(edx, eax);
        _asm.mov(rcx, Block(ControlBlock.NextSequence));
        _asm.dec(ecx);
        _asm.sub(eax, ecx);
        _asm.cmp(rax, Block(ControlBlock.RxEntries));
        _asm.jbe(counted);
        EmitError(LedgerError.NicState);
        _asm.Label(ref counted);
        _asm.nop();
    }

    /// <summary>r12 = the buffer's number, rdi = its address.</summary>
    private void EmitCheckBuffers()
    {
        var buffer = _asm.CreateLabel();
        var stale = _asm.CreateLabel();
        var next = _asm.CreateLabel();
        var end = _asm.CreateLabel();

        _asm.xor(r12d, r12d);
        _asm.mov(rdi, Block(ControlBlock.Buffers));
        _asm.Label(ref buffer);
        _asm.cmp(r12, Block(ControlBlock.RxEntries));
        _asm.jae(end);
        _asm.mov(rax, Block(ControlBlock.Expected));
        _asm.lea(rax, __qword_ptr[rax + (r12 * 8)]);
        _asm.mov(rax, Guest(rax));
        _asm.test(rax, rax);
        _asm.je(next);
        // A newer message than the one received may have arrived since; an older one may not be there.
        _asm.mov(r11, Guest(rdi, 8));
        _asm.cmp(r11, rax);
        _asm.jb(stale);
        _asm.inc(Block(ControlBlock.CheckedMessages));
        EmitCheckMessage(next, perMessageDetail: r11);

        _asm.Label(ref stale);
        _asm.mov(rdx, r12);
        EmitError(LedgerError.MessageStale);
        _asm.Label(ref next);
        _asm.add(rdi, Block(ControlBlock.MessageBytes));
        _asm.inc(r12);
        _asm.mov(eax, r12d);
        _asm.and(eax, BuffersPerYield - 1);
        _asm.jne(buffer);
        _guest.PortIn(GuestPorts.Yield);
        _asm.jmp(buffer);
        _asm.Label(ref end);
        _asm.nop();
    }
}
