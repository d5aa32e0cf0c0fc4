using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Ferry.Machine.Programs;

/// <summary>Assembles a guest's program for either target: position independent, plain integer instructions, no stack.</summary>
/// <remarks>rbx is where guest memory begins (0 in KVM), rbp the vCPU's control block as a guest physical address, r14 belongs to the
/// target. Flags don't survive an exit; all other registers do.</remarks>
internal sealed class GuestAssembler
{
    private readonly ProgramTarget _target;
    private Label _exit;

    public GuestAssembler(ProgramTarget target)
    {
        _target = target;
        Asm = new Assembler(64);
        _exit = Asm.CreateLabel("exit");
        if (target == ProgramTarget.Thread)
        {
            EmitEntry();
            EmitExit();
        }
    }

    /// <summary>The assembler itself, for everything that both targets share.</summary>
    public Assembler Asm { get; }

    /// <summary>A field of the control block.</summary>
    public static AssemblerMemoryOperand Block(int field) => __qword_ptr[rbx + rbp + field];

    /// <summary>Guest memory at a guest physical address in a register.</summary>
    public static AssemblerMemoryOperand Guest(AssemblerRegister64 address, int offset = 0) => __qword_ptr[rbx + address + offset];

    /// <summary>The same, 32 bits wide.</summary>
    public static AssemblerMemoryOperand Guest32(AssemblerRegister64 address, int offset = 0) => __dword_ptr[rbx + address + offset];

    /// <summary>Reads a port into eax.</summary>
    public void PortIn(byte port)
    {
        if (_target == ProgramTarget.Kvm)
        {
            Asm.@in(eax, port);
        }
        else
        {
            Asm.mov(__dword_ptr[r14 + ThreadContext.Address], port);
            Leave(ThreadContext.KindPortIn);
        }
    }

    /// <summary>Writes eax to a port.</summary>
    public void PortOut(byte port)
    {
        if (_target == ProgramTarget.Kvm)
        {
            Asm.@out(port, eax);
        }
        else
        {
            Asm.mov(__dword_ptr[r14 + ThreadContext.Address], port);
            Leave(ThreadContext.KindPortOut);
        }
    }

    /// <summary>Reads a 32-bit device register, whose guest physical address is in rsi, into eax.</summary>
    public void RegisterRead()
    {
        if (_target == ProgramTarget.Kvm)
        {
            Asm.mov(eax, __dword_ptr[rbx + rsi]);
        }
        else
        {
            Asm.mov(__qword_ptr[r14 + ThreadContext.Address], rsi);
            Leave(ThreadContext.KindMmioRead);
        }
    }

    /// <summary>Writes eax to a 32-bit device register, whose guest physical address is in rsi.</summary>
    public void RegisterWrite()
    {
        if (_target == ProgramTarget.Kvm)
        {
            Asm.mov(__dword_ptr[rbx + rsi], eax);
        }
        else
        {
            Asm.mov(__qword_ptr[r14 + ThreadContext.Address], rsi);
            Leave(ThreadContext.KindMmioWrite);
        }
    }

    /// <summary>Writes eax to a doorbell at <paramref name="offset"/> of the doorbell page, mapped or trapped. Uses rsi.</summary>
    public void RingDoorbell(int offset)
    {
        var trapped = Asm.CreateLabel();
        var done = Asm.CreateLabel();
        if (_target == ProgramTarget.Thread)
        {
            Asm.mov(rsi, __qword_ptr[r14 + ThreadContext.Doorbells]);
            Asm.test(rsi, rsi);
            Asm.je(trapped);
            Asm.mov(__dword_ptr[rsi + offset], eax);
            Asm.jmp(done);
            Asm.Label(ref trapped);
        }

        Asm.mov(rsi, Block(ControlBlock.NicDoorbells));
        Asm.add(rsi, offset);
        RegisterWrite();
        Asm.Label(ref done);
        Asm.nop();
    }

    /// <summary>Gives the code. On a thread it is entered at offset 0 with the context, which names where the program goes on.</summary>
    /// <param name="entry">The program's first instruction.</param>
    /// <param name="entryOffset">Its offset in the code.</param>
    public byte[] Assemble(Label entry, out ulong entryOffset)
    {
        using var stream = new MemoryStream();
        var result = Asm.Assemble(new StreamCodeWriter(stream), 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        entryOffset = result.GetLabelRIP(entry);
        return stream.ToArray();
    }

    private static readonly AssemblerRegister64[] Registers = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    private static readonly AssemblerRegister64[] KeptByCallee = [rbx, rbp, r12, r13, r14, r15];

    private void Leave(uint kind)
    {
        Asm.mov(__dword_ptr[r14 + ThreadContext.Kind], kind);
        Asm.call(_exit);
    }

    /// <summary>A C function that takes the context: keeps the host's registers, loads the program's, and goes on where it stopped.</summary>
    private void EmitEntry()
    {
        foreach (var register in KeptByCallee)
        {
            Asm.push(register);
        }

        Asm.mov(__qword_ptr[rdi + ThreadContext.HostStack], rsp);
        Asm.mov(r14, rdi);
        for (var i = 0; i < Registers.Length; i++)
        {
            if (i is not (ThreadContext.Rsp or ThreadContext.R14))
            {
                Asm.mov(Registers[i], __qword_ptr[r14 + ThreadContext.Registers + (i * 8)]);
            }
        }

        Asm.jmp(__qword_ptr[r14 + ThreadContext.Rip]);
    }

    /// <summary>Called by the program: keeps its registers and where it goes on, and returns from the C function.</summary>
    private void EmitExit()
    {
        Asm.Label(ref _exit);
        Asm.pop(__qword_ptr[r14 + ThreadContext.Rip]);
        for (var i = 0; i < Registers.Length; i++)
        {
            if (i is not (ThreadContext.Rsp or ThreadContext.R14))
            {
                Asm.mov(__qword_ptr[r14 + ThreadContext.Registers + (i * 8)], Registers[i]);
            }
        }

        Asm.mov(rsp, __qword_ptr[r14 + ThreadContext.HostStack]);
        for (var i = KeptByCallee.Length - 1; i >= 0; i--)
        {
            Asm.pop(KeptByCallee[i]);
        }

        Asm.ret();
    }
}
