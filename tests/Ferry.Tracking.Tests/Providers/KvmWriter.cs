using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>A real vCPU that increments a byte of the page it is told, in real mode through a 32-bit segment base.</summary>
internal sealed class KvmWriter : IDisposable
{
    private const ulong CodeAddress = 0x1000;
    private readonly KvmSystem _system;
    private readonly GuestMemoryFile _memory;
    private readonly bool _withRing;

    public KvmWriter(bool withRing, int ringEntries = 1024)
    {
        _withRing = withRing;
        Assert.SkipUnless(KvmSystem.TryOpen(out var system, out var reason), reason ?? "");
        _system = system!;
        Vm = _system.CreateVm();
        Assert.SkipUnless(
            withRing ? Vm.TryEnableDirtyRing(ringEntries) : Vm.TryEnableManualProtect(),
            withRing ? "KVM_CAP_DIRTY_LOG_RING is missing" : "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 is missing");
        _memory = GuestMemoryFile.Create([(new(0), 1 << 20), (new(4 << 20), 4 << 20)]);
        // inc byte [es:0]; hlt
        ReadOnlySpan<byte> code = [0x26, 0xfe, 0x06, 0x00, 0x00, 0xf4];
        code.CopyTo(_memory.Memory.GetSpan(new(CodeAddress), code.Length));
        Vm.SetMemorySlot(0, new(0), 1 << 20, _memory.Memory.Regions[0].Host, logDirty: false);
        Slot = new KvmSlot(1, _memory.Memory.Regions[1]);
        Vm.SetMemorySlot(1, Slot.Region.Start, Slot.Region.LengthBytes, Slot.Region.Host, logDirty: false);
        Vcpu = Vm.CreateVcpu(0);
    }

    public KvmVm Vm { get; }

    public KvmVcpu Vcpu { get; }

    public KvmSlot Slot { get; }

    /// <summary>What to do when the ring is full.</summary>
    public Action? RingFull { get; set; }

    public byte ReadByte(ulong page) => _memory.Memory.GetSpan(new(Slot.Region.Start.Value + (page << 12)), 1)[0];

    public void Write(ulong page)
    {
        var before = ReadByte(page);
        var sregs = Vcpu.GetSregs();
        sregs.Cs.Base = 0;
        sregs.Cs.Selector = 0;
        sregs.Es.Base = Slot.Region.Start.Value + (page << 12);
        Vcpu.SetSregs(sregs);
        Vcpu.SetRegs(new() { Rip = CodeAddress, Rflags = 2 });
        KvmExit exit;
        while ((exit = Vcpu.Run()) == KvmExit.DirtyRingFull && _withRing)
        {
            RingFull!();
        }

        Assert.Equal(KvmExit.Halt, exit);
        Assert.Equal(unchecked((byte)(before + 1)), ReadByte(page));
    }

    public void Dispose()
    {
        Vcpu?.Dispose();
        Vm?.Dispose();
        _memory?.Dispose();
        _system?.Dispose();
    }
}
