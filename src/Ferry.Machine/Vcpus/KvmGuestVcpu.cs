using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Linux;
using Ferry.Linux.Kvm;
using Ferry.Linux.Threads;

namespace Ferry.Machine.Vcpus;

/// <summary>A vCPU in KVM, in long mode.</summary>
internal sealed class KvmGuestVcpu : Vcpu
{
    private const uint MsrsPart = 100;
    private const uint CpuidPart = 101;
    private const uint TscKhzPart = 102;
    private const int Msr = 16;
    private const int InvalidArgument = 22;
    private static readonly KvmStatePart[] RawParts =
        [KvmStatePart.Sregs, KvmStatePart.Regs, KvmStatePart.Xcrs, KvmStatePart.Xsave, KvmStatePart.Events, KvmStatePart.DebugRegs, KvmStatePart.MpState];

    private readonly KvmVcpu _vcpu;
    private readonly ulong _entry;
    private readonly ulong _pageTables;
    private readonly KvmMsrEntry[] _msrs;
    private readonly byte[] _cpuid;
    private int _thread;
    private bool _isPending;
    private bool _isPort;

    public KvmGuestVcpu(KvmVcpu vcpu, ReadOnlySpan<byte> cpuid, ReadOnlySpan<uint> msrs, ulong entry, ulong pageTables)
    {
        (_vcpu, _entry, _pageTables) = (vcpu, entry, pageTables);
        _cpuid = CpuidTable.For(cpuid, vcpu.Index);
        vcpu.SetCpuid(_cpuid);
        _msrs = FindMsrs(msrs);
        StateParts =
        [
            new(CpuidPart, _cpuid.Length),
            new(TscKhzPart, sizeof(int)),
            .. RawParts.Select(part => new VcpuStatePart((uint)part, vcpu.SizeOf(part))),
            new(MsrsPart, _msrs.Length * Msr),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<VcpuStatePart> StateParts { get; }

    /// <summary>The vCPU itself, for the tracker of its dirty ring.</summary>
    public KvmVcpu Kvm => _vcpu;

    /// <inheritdoc/>
    public override void EnterThread() => Volatile.Write(ref _thread, ThreadKick.EnterThread());

    /// <inheritdoc/>
    public override VcpuExit Run()
    {
        _isPending = false;
        var exit = _vcpu.Run();
        _isPort = exit == KvmExit.Io;
        switch (exit)
        {
            case KvmExit.Interrupted:
                return VcpuExit.Interrupted;
            case KvmExit.Io:
                _isPending = true;
                Address = _vcpu.IoPort;
                Value = _vcpu.IoIsOut ? ReadValue(_vcpu.IoData) : 0;
                return _vcpu.IoIsOut ? VcpuExit.PortOut : VcpuExit.PortIn;
            case KvmExit.Mmio:
                _isPending = true;
                Address = _vcpu.MmioAddress;
                Value = _vcpu.MmioIsWrite ? ReadValue(_vcpu.MmioData) : 0;
                return _vcpu.MmioIsWrite ? VcpuExit.RegisterWrite : VcpuExit.RegisterRead;
            case KvmExit.DirtyRingFull:
                return VcpuExit.DirtyRingFull;
            default:
                var regs = _vcpu.GetRegs();
                Fault = $"vCPU {_vcpu.Index} left the guest with {exit} (detail 0x{_vcpu.FailureDetail:x}) at rip 0x{regs.Rip:x}, "
                    + $"rax 0x{regs.Rax:x}, rsi 0x{regs.Rsi:x}, rdi 0x{regs.Rdi:x}, rbp 0x{regs.Rbp:x}";
                return VcpuExit.Failed;
        }
    }

    /// <inheritdoc/>
    public override void Answer(uint value)
    {
        var data = _isPort ? _vcpu.IoData : _vcpu.MmioData;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..Math.Min(data.Length, 8)].CopyTo(data);
    }

    /// <inheritdoc/>
    public override void Kick()
    {
        _vcpu.ImmediateExit = true;
        if (Volatile.Read(ref _thread) is var thread and not 0)
        {
            ThreadKick.Kick(thread);
        }
    }

    /// <inheritdoc/>
    public override void Settle()
    {
        // KVM finishes an access to a port or a register when the vCPU is entered again; told to leave at once, that is all it does.
        if (_isPending)
        {
            _vcpu.ImmediateExit = true;
            _vcpu.Run();
            _isPending = false;
        }

        _vcpu.ImmediateExit = false;
    }

    /// <inheritdoc/>
    public override void Boot(ulong controlBlock)
    {
        var code = new KvmSegment { Limit = uint.MaxValue, Selector = 8, Type = 11, Present = 1, S = 1, L = 1, G = 1 };
        var data = new KvmSegment { Limit = uint.MaxValue, Selector = 16, Type = 3, Present = 1, Db = 1, S = 1, G = 1 };
        var sregs = _vcpu.GetSregs();
        (sregs.Cs, sregs.Ds, sregs.Es, sregs.Fs, sregs.Gs, sregs.Ss) = (code, data, data, data, data, data);
        sregs.Cr3 = _pageTables;
        sregs.Cr4 = 1 << 5;
        sregs.Cr0 = 0x8005_0033;
        sregs.Efer = 0x500;
        _vcpu.SetSregs(sregs);
        _vcpu.SetRegs(new() { Rip = _entry, Rbp = controlBlock, Rflags = 2 });
    }

    /// <inheritdoc/>
    public override void SavePart(VcpuStatePart part, Span<byte> bytes)
    {
        switch (part.Number)
        {
            case CpuidPart:
                _cpuid.CopyTo(bytes);
                break;
            case TscKhzPart:
                BinaryPrimitives.WriteInt32LittleEndian(bytes, _vcpu.GetTscKhz());
                break;
            case MsrsPart:
                SaveMsrs(MemoryMarshal.Cast<byte, KvmMsrEntry>(bytes));
                break;
            default:
                _vcpu.GetState((KvmStatePart)part.Number, bytes);
                break;
        }
    }

    /// <inheritdoc/>
    public override bool Accepts(VcpuStatePart part, ReadOnlySpan<byte> bytes) => part.Number switch
    {
        // The program has seen the source's processor; it may not find another one.
        CpuidPart => bytes.SequenceEqual(_cpuid),
        MsrsPart => HasSameMsrs(MemoryMarshal.Cast<byte, KvmMsrEntry>(bytes)),
        _ => true,
    };

    /// <inheritdoc/>
    public override void LoadPart(VcpuStatePart part, ReadOnlySpan<byte> bytes)
    {
        switch (part.Number)
        {
            case CpuidPart:
                break;
            case TscKhzPart:
                var kilohertz = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                if (kilohertz != _vcpu.GetTscKhz())
                {
                    _vcpu.SetTscKhz(kilohertz);
                }

                break;
            case MsrsPart:
                LoadMsrs(MemoryMarshal.Cast<byte, KvmMsrEntry>(bytes));
                break;
            default:
                _vcpu.SetState((KvmStatePart)part.Number, bytes);
                break;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _vcpu.Dispose();

    private static uint ReadValue(ReadOnlySpan<byte> data)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes.Clear();
        data[..Math.Min(data.Length, 4)].CopyTo(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private void SaveMsrs(Span<KvmMsrEntry> entries)
    {
        _msrs.CopyTo(entries);
        if (_vcpu.GetMsrs(entries) != entries.Length)
        {
            throw new KernelCallException("ioctl(KVM_GET_MSRS)", InvalidArgument, $"vCPU {_vcpu.Index}: a register that could be read before can't be read now");
        }
    }

    private void LoadMsrs(ReadOnlySpan<KvmMsrEntry> entries)
    {
        var done = _vcpu.SetMsrs(entries);
        if (done != entries.Length)
        {
            throw new KernelCallException("ioctl(KVM_SET_MSRS)", InvalidArgument, $"vCPU {_vcpu.Index}: register 0x{entries[done].Index:x} can't be set to 0x{entries[done].Data:x}");
        }
    }

    private bool HasSameMsrs(ReadOnlySpan<KvmMsrEntry> entries)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i].Index != _msrs[i].Index)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The registers that this host can read and set to what they hold; the others are no state that could travel.</summary>
    private KvmMsrEntry[] FindMsrs(ReadOnlySpan<uint> indices)
    {
        var found = new List<KvmMsrEntry>();
        Span<KvmMsrEntry> one = stackalloc KvmMsrEntry[1];
        foreach (var index in indices)
        {
            one[0] = new() { Index = index };
            if (_vcpu.GetMsrs(one) == 1 && _vcpu.SetMsrs(one) == 1)
            {
                found.Add(new() { Index = index });
            }
        }

        return [.. found];
    }
}
