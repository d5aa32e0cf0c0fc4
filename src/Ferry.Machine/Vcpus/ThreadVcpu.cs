using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.Machine.Programs;
using Ferry.Memory;

namespace Ferry.Machine.Vcpus;

/// <summary>A vCPU that is a host thread: the program runs as native code of this process, on guest memory as it is mapped here.</summary>
/// <remarks>The program leaves at its exits only, which follow each other closely; a kick needs to do nothing.</remarks>
internal sealed class ThreadVcpu : Vcpu
{
    private const uint RegistersPart = 1;
    private const int RegistersBytes = (ThreadContext.RegisterCount + 1) * 8;
    private readonly MappedMemory _context = MappedMemory.MapAnonymous(ThreadContext.Bytes, MemoryProtection.Read | MemoryProtection.Write);
    private readonly ExecutableMemory _code;
    private readonly ulong _codeBytes;
    private readonly ulong _entryOffset;
    private readonly Hva _memory;

    /// <param name="code">The program, which outlives it.</param>
    /// <param name="codeBytes">Its length.</param>
    /// <param name="entryOffset">Its first instruction.</param>
    /// <param name="memory">Where guest physical address 0 is mapped.</param>
    public ThreadVcpu(ExecutableMemory code, ulong codeBytes, ulong entryOffset, Hva memory) =>
        (_code, _codeBytes, _entryOffset, _memory) = (code, codeBytes, entryOffset, memory);

    /// <inheritdoc/>
    public override IReadOnlyList<VcpuStatePart> StateParts { get; } = [new(RegistersPart, RegistersBytes)];

    /// <summary>Says where the doorbell page of the vCPU's device is mapped in this process.</summary>
    public void SetDoorbells(Hva page) => Word(ThreadContext.Doorbells) = page.Value;

    /// <inheritdoc/>
    public override void EnterThread()
    {
    }

    /// <inheritdoc/>
    public override VcpuExit Run()
    {
        _code.Call(0, _context.Address);
        Address = Word(ThreadContext.Address);
        Value = (uint)Word(ThreadContext.Registers);
        return (uint)Word(ThreadContext.Kind) switch
        {
            ThreadContext.KindPortIn => VcpuExit.PortIn,
            ThreadContext.KindPortOut => VcpuExit.PortOut,
            ThreadContext.KindMmioRead => VcpuExit.RegisterRead,
            _ => VcpuExit.RegisterWrite,
        };
    }

    /// <inheritdoc/>
    public override void Answer(uint value) => Word(ThreadContext.Registers) = value;

    /// <inheritdoc/>
    public override void Kick()
    {
    }

    /// <inheritdoc/>
    public override void Settle()
    {
    }

    /// <inheritdoc/>
    public override void Boot(ulong controlBlock)
    {
        for (var register = 0; register < ThreadContext.RegisterCount; register++)
        {
            Word(ThreadContext.Registers + (register * 8)) = 0;
        }

        Word(ThreadContext.Registers + (ThreadContext.Rbx * 8)) = _memory.Value;
        Word(ThreadContext.Registers + (ThreadContext.Rbp * 8)) = controlBlock;
        Word(ThreadContext.Rip) = _code.Address.Value + _entryOffset;
    }

    /// <inheritdoc/>
    public override void SavePart(VcpuStatePart part, Span<byte> bytes)
    {
        _context.GetSpan(ThreadContext.Registers, ThreadContext.RegisterCount * 8).CopyTo(bytes);
        // Addresses of this process mean nothing in another one.
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[(ThreadContext.Rbx * 8)..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[(ThreadContext.RegisterCount * 8)..], Word(ThreadContext.Rip) - _code.Address.Value);
    }

    /// <inheritdoc/>
    public override bool Accepts(VcpuStatePart part, ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[(ThreadContext.RegisterCount * 8)..]) is var offset && offset >= _entryOffset && offset < _codeBytes;

    /// <inheritdoc/>
    public override void LoadPart(VcpuStatePart part, ReadOnlySpan<byte> bytes)
    {
        bytes[..(ThreadContext.RegisterCount * 8)].CopyTo(_context.GetSpan(ThreadContext.Registers, ThreadContext.RegisterCount * 8));
        Word(ThreadContext.Registers + (ThreadContext.Rbx * 8)) = _memory.Value;
        Word(ThreadContext.Rip) = _code.Address.Value + BinaryPrimitives.ReadUInt64LittleEndian(bytes[(ThreadContext.RegisterCount * 8)..]);
    }

    /// <inheritdoc/>
    public override void Dispose() => _context.Dispose();

    private ref ulong Word(int offset) => ref MemoryMarshal.AsRef<ulong>(_context.GetSpan((ulong)offset, sizeof(ulong)));
}
