using Iced.Intel;
using static Ferry.Machine.Programs.GuestAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

internal sealed partial class LedgerProgram
{
    private const int MessagesPerTurn = 16;
    private const ulong MessageMagic = 0x4D53475959524546;
    private const ulong ChecksumFactor = 0x94D049BB133111EB;
    private const int MessageHeaderBytes = 64;
    private const int RegisterStatus = 0x0C;
    private const int RegisterStatusError = 2;
    private const int RegisterControl = 0x10;
    private const int RegisterSentMessages = 0x40;
    private const int DoorbellRxTail = 0x00;
    private const int DoorbellCqHead = 0x40;

    /// <summary>Sets the NIC up the first time, then takes what has arrived and posts the buffers again. See docs/rnic.md.</summary>
    private void EmitNic()
    {
        var setUp = _asm.CreateLabel("setUp");
        var poll = _asm.CreateLabel("poll");
        var taken = _asm.CreateLabel("taken");

        _asm.Label(ref _nic);
        _asm.xor(eax, eax);
        _asm.mov(Block(ControlBlock.Busy), rax);
        _asm.cmp(Block(ControlBlock.NicRegisters), 0);
        _asm.je(_loop);
        _asm.cmp(Block(ControlBlock.NicReady), 0);
        _asm.je(setUp);
        _asm.mov(r13d, MessagesPerTurn);

        _asm.Label(ref poll);
        EmitFindCompletion(taken);
        EmitTakeMessage();
        EmitPost();
        _asm.inc(r8d);
        _asm.mov(Block(ControlBlock.CqHead), r8);
        _asm.mov(eax, 1);
        _asm.mov(Block(ControlBlock.Busy), rax);
        _asm.dec(r13d);
        _asm.jne(poll);

        _asm.Label(ref taken);
        _asm.cmp(Block(ControlBlock.Busy), 0);
        _asm.je(_loop);
        EmitRingBoth();
        _asm.jmp(_loop);

        _asm.Label(ref setUp);
        EmitSetUp();
        _asm.jmp(_loop);
    }

    /// <summary>r8 = CQ head, r10 = address of its entry; goes to <paramref name="none"/> where nothing is new.</summary>
    private void EmitFindCompletion(Label none)
    {
        _asm.mov(r8, Block(ControlBlock.CqHead));
        _asm.mov(r10, Block(ControlBlock.CqEntries));
        _asm.dec(r10);
        _asm.and(r10, r8);
        _asm.shl(r10, 5);
        _asm.add(r10, Block(ControlBlock.CqBase));
        _asm.mov(rcx, Block(ControlBlock.CqShift));
        _asm.mov(eax, r8d);
        _asm.shr(eax, cl);
        _asm.inc(eax);
        _asm.cmp(Guest32(r10, 28), eax);
        _asm.jne(none);
    }

    /// <summary>Checks the message of the completion at r10. Leaves rdi = the buffer's address, rdx = its number.</summary>
    private void EmitTakeMessage()
    {
        var wrongBuffer = _asm.CreateLabel();
        var wrongSequence = _asm.CreateLabel();
        var accepted = _asm.CreateLabel();
        var verified = _asm.CreateLabel();
        var checkMessage = _asm.CreateLabel();

        EmitUnmapTaken();
        _asm.mov(r11, Guest(r10));
        _asm.mov(edx, Guest32(r10, 20));
        _asm.cmp(rdx, Block(ControlBlock.RxEntries));
        _asm.jae(wrongBuffer);
        _asm.mov(rdi, rdx);
        _asm.imul(rdi, Block(ControlBlock.MessageBytes));
        _asm.add(rdi, Block(ControlBlock.Buffers));
        _asm.mov(rax, rdi);
        _asm.add(rax, r12);
        _asm.cmp(Guest(r10, 8), rax);
        _asm.jne(wrongBuffer);
        _asm.cmp(r11, Block(ControlBlock.NextSequence));
        _asm.jne(wrongSequence);

        _asm.Label(ref checkMessage);
        EmitCheckMessage(verified, perMessageDetail: r11);
        _asm.Label(ref verified);
        _asm.mov(rax, Block(ControlBlock.Expected));
        _asm.lea(rax, __qword_ptr[rax + (rdx * 8)]);
        _asm.mov(Guest(rax), r11);
        _asm.inc(r11);
        _asm.mov(Block(ControlBlock.NextSequence), r11);
        _asm.inc(Block(ControlBlock.Messages));
        _asm.jmp(accepted);

        _asm.Label(ref wrongSequence);
        EmitErrorKeeping(LedgerError.MessageSequence, r11);
        _asm.jmp(checkMessage);

        // A completion that names no buffer of ours costs the buffer at its place; nothing is read through it.
        _asm.Label(ref wrongBuffer);
        EmitErrorKeeping(LedgerError.CompletionBuffer, r11);
        _asm.mov(rdx, Block(ControlBlock.RxEntries));
        _asm.dec(rdx);
        _asm.and(rdx, r8);
        _asm.mov(rdi, rdx);
        _asm.imul(rdi, Block(ControlBlock.MessageBytes));
        _asm.add(rdi, Block(ControlBlock.Buffers));
        _asm.Label(ref accepted);
        _asm.nop();
    }

    /// <summary>Checks magic, sequence (r11) and quick checksum of the message at rdi. Uses rax, rcx, rsi, r9.</summary>
    private void EmitCheckMessage(Label done, AssemblerRegister64 perMessageDetail)
    {
        var wrongMagic = _asm.CreateLabel();
        var wrongSequence = _asm.CreateLabel();
        var sample = _asm.CreateLabel();
        var sampled = _asm.CreateLabel();

        _asm.mov(rax, MessageMagic);
        _asm.cmp(Guest(rdi), rax);
        _asm.jne(wrongMagic);
        _asm.cmp(Guest(rdi, 8), r11);
        _asm.jne(wrongSequence);
        _asm.mov(rax, ChecksumFactor);
        _asm.imul(rax, r11);
        _asm.mov(rsi, rdi);
        _asm.mov(rcx, Block(ControlBlock.SampleCount));
        _asm.mov(r9, Block(ControlBlock.StrideBytes));
        _asm.test(rcx, rcx);
        _asm.je(sampled);
        _asm.Label(ref sample);
        _asm.add(rax, Guest(rsi, MessageHeaderBytes));
        _asm.add(rsi, r9);
        _asm.dec(rcx);
        _asm.jne(sample);
        _asm.Label(ref sampled);
        _asm.cmp(Guest(rdi, 16), rax);
        _asm.je(done);
        EmitErrorKeeping(LedgerError.MessageChecksum, perMessageDetail);
        _asm.jmp(done);
        _asm.Label(ref wrongMagic);
        EmitErrorKeeping(LedgerError.MessageMagic, perMessageDetail);
        _asm.jmp(done);
        _asm.Label(ref wrongSequence);
        EmitErrorKeeping(LedgerError.MessageSequence, perMessageDetail);
        _asm.jmp(done);
    }

    /// <summary>Reports an error and leaves rdx as it was.</summary>
    private void EmitErrorKeeping(LedgerError error, AssemblerRegister64 detail)
    {
        _asm.mov(r9, rdx);
        _asm.mov(rdx, detail);
        EmitError(error);
        _asm.mov(rdx, r9);
    }

    /// <summary>Posts the buffer at rdi with the number rdx. Uses rax, rcx, rsi, r9, r12, r15.</summary>
    private void EmitPost()
    {
        EmitMapPosted();
        _asm.mov(rax, Block(ControlBlock.RxTail));
        _asm.mov(rcx, Block(ControlBlock.RxEntries));
        _asm.dec(rcx);
        _asm.and(rcx, rax);
        _asm.shl(rcx, 4);
        _asm.add(rcx, Block(ControlBlock.RxBase));
        _asm.add(r12, rdi);
        _asm.mov(Guest(rcx), r12);
        _asm.mov(rsi, Block(ControlBlock.MessageBytes));
        _asm.mov(Guest32(rcx, 8), esi);
        _asm.mov(Guest32(rcx, 12), edx);
        _asm.inc(eax);
        _asm.mov(Block(ControlBlock.RxTail), rax);
    }

    private void EmitRingBoth()
    {
        _asm.mov(rax, Block(ControlBlock.CqHead));
        _guest.RingDoorbell(DoorbellCqHead);
        _asm.mov(rax, Block(ControlBlock.RxTail));
        _guest.RingDoorbell(DoorbellRxTail);
    }

    /// <summary>Resets the NIC, tells it where its rings are, posts every buffer, and enables it.</summary>
    private void EmitSetUp()
    {
        var post = _asm.CreateLabel();
        _asm.mov(eax, 2);
        EmitRegisterWrite(RegisterControl);
        EmitRegisterWrite(0x14, ControlBlock.StrideBytes, high: false);
        EmitRegisterWrite(0x58, ControlBlock.PeerBase, high: false);
        EmitRegisterWrite(0x5C, ControlBlock.PeerBase, high: true);
        EmitRegisterWrite(0x18, ControlBlock.RxIova, high: false);
        EmitRegisterWrite(0x1C, ControlBlock.RxIova, high: true);
        EmitRegisterWrite(0x20, ControlBlock.RxEntries, high: false);
        EmitRegisterWrite(0x28, ControlBlock.CqIova, high: false);
        EmitRegisterWrite(0x2C, ControlBlock.CqIova, high: true);
        EmitRegisterWrite(0x30, ControlBlock.CqEntries, high: false);
        EmitMapRings();
        _asm.xor(edx, edx);
        _asm.mov(rdi, Block(ControlBlock.Buffers));
        _asm.Label(ref post);
        EmitPost();
        _asm.add(rdi, Block(ControlBlock.MessageBytes));
        _asm.inc(edx);
        _asm.cmp(rdx, Block(ControlBlock.RxEntries));
        _asm.jne(post);
        EmitRingBoth();
        _asm.mov(eax, 1);
        EmitRegisterWrite(RegisterControl);
        _asm.mov(eax, 1);
        _asm.mov(Block(ControlBlock.NicReady), rax);
    }

    private void EmitRegisterWrite(int register, int field, bool high)
    {
        _asm.mov(rax, Block(field));
        if (high)
        {
            _asm.shr(rax, 32);
        }

        EmitRegisterWrite(register);
    }

    /// <summary>Reads a register of the NIC into eax. Uses rsi.</summary>
    private void EmitRegisterRead(int register)
    {
        _asm.mov(rsi, Block(ControlBlock.NicRegisters));
        _asm.add(rsi, register);
        _guest.RegisterRead();
    }

    /// <summary>Writes eax to a register of the NIC. Uses rsi.</summary>
    private void EmitRegisterWrite(int register)
    {
        _asm.mov(rsi, Block(ControlBlock.NicRegisters));
        _asm.add(rsi, register);
        _guest.RegisterWrite();
    }
}
