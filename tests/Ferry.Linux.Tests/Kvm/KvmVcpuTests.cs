using System.Diagnostics;
using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Linux.Threads;
using Xunit;

namespace Ferry.Linux.Tests.Kvm;

/// <summary>Real vCPUs in real mode, running a few bytes of code.</summary>
public sealed class KvmVcpuTests : IDisposable
{
    private const ulong CodeAddress = 0x1000;
    private readonly KvmSystem _system;
    private readonly KvmVm _vm;
    private readonly GuestMemoryFile _memory;

    public KvmVcpuTests()
    {
        Assert.SkipUnless(KvmSystem.TryOpen(out var system, out var reason), reason ?? "");
        _system = system!;
        _vm = _system.CreateVm();
        _memory = GuestMemoryFile.Create([(new(0), 1 << 20)]);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _vm?.Dispose();
        _system?.Dispose();
    }

    [Fact]
    public void A_port_write_leaves_the_guest_with_its_port_and_value()
    {
        using var vcpu = Start([0xb0, 0x2a, 0xe6, 0x10, 0xf4]);
        Assert.Equal(KvmExit.Io, vcpu.Run());
        Assert.True(vcpu.IoIsOut);
        Assert.Equal(0x10, vcpu.IoPort);
        Assert.Equal([0x2a], vcpu.IoData.ToArray());
        Assert.Equal(KvmExit.Halt, vcpu.Run());
    }

    [Fact]
    public void A_write_to_no_slot_leaves_the_guest_with_its_address_and_bytes()
    {
        // mov byte [es:0xffff], 7 with es at the end of memory
        using var vcpu = Start([0x26, 0xc6, 0x06, 0xff, 0xff, 0x07, 0xf4]);
        var sregs = vcpu.GetSregs();
        sregs.Es.Base = 1 << 20;
        vcpu.SetSregs(sregs);
        Assert.Equal(KvmExit.Mmio, vcpu.Run());
        Assert.True(vcpu.MmioIsWrite);
        Assert.Equal((1UL << 20) + 0xffff, vcpu.MmioAddress);
        Assert.Equal([7], vcpu.MmioData.ToArray());
    }

    [Fact]
    public void A_kick_brings_a_spinning_vcpu_out_and_its_state_goes_on_elsewhere()
    {
        // inc ecx; jmp -4
        using var vcpu = Start([0x66, 0x41, 0xeb, 0xfc]);
        using var entered = new ManualResetEventSlim();
        var thread = 0;
        var exit = KvmExit.Unknown;
        var runner = new Thread(() =>
        {
            thread = ThreadKick.EnterThread();
            entered.Set();
            do
            {
                exit = vcpu.Run();
            }
            while (!vcpu.ImmediateExit);
        });
        runner.Start();
        entered.Wait(TestContext.Current.CancellationToken);
        Thread.Sleep(20);
        var started = Stopwatch.GetTimestamp();
        vcpu.ImmediateExit = true;
        ThreadKick.Kick(thread);
        Assert.True(runner.Join(TimeSpan.FromSeconds(10)));
        TestContext.Current.TestOutputHelper?.WriteLine($"out after {Stopwatch.GetElapsedTime(started).TotalMicroseconds:F0} us");
        Assert.Equal(KvmExit.Interrupted, exit);
        var regs = vcpu.GetRegs();
        Assert.NotEqual(0UL, regs.Rcx);

        vcpu.ImmediateExit = false;
        regs.Rcx = 41;
        regs.Rip = CodeAddress + 0x100;
        _memory.Memory.GetSpan(new(CodeAddress + 0x100), 3).Clear();
        ((ReadOnlySpan<byte>)[0x66, 0x41, 0xf4]).CopyTo(_memory.Memory.GetSpan(new(CodeAddress + 0x100), 3));
        vcpu.SetRegs(regs);
        Assert.Equal(KvmExit.Halt, vcpu.Run());
        Assert.Equal(42UL, vcpu.GetRegs().Rcx);
    }

    [Fact]
    public void A_kick_is_lost_at_no_time_between_two_runs()
    {
        // in al, 0x10; jmp -4: it is out of the guest as often as in it
        using var vcpu = Start([0xe4, 0x10, 0xeb, 0xfc]);
        using var parked = new SemaphoreSlim(0);
        using var resume = new SemaphoreSlim(0);
        const int kicks = 200;
        var thread = 0;
        var runner = new Thread(() =>
        {
            Volatile.Write(ref thread, ThreadKick.EnterThread());
            for (var i = 0; i < kicks; i++)
            {
                while (vcpu.Run() != KvmExit.Interrupted || !vcpu.ImmediateExit)
                {
                }

                vcpu.ImmediateExit = false;
                parked.Release();
                resume.Wait(TimeSpan.FromSeconds(30));
            }
        });
        runner.Start();
        SpinWait.SpinUntil(() => Volatile.Read(ref thread) != 0);
        for (var i = 0; i < kicks; i++)
        {
            Thread.SpinWait(i * 37 % 5000);
            vcpu.ImmediateExit = true;
            ThreadKick.Kick(thread);
            Assert.True(parked.Wait(TimeSpan.FromSeconds(30)), $"kick {i} was lost");
            resume.Release();
        }

        Assert.True(runner.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_log_that_does_not_fit_is_not_read_over_the_end()
    {
        using var vcpu = Start([0xf4]);
        _vm.SetMemorySlot(0, new(0), 1 << 20, _memory.Memory.Regions[0].Host, logDirty: true);
        Assert.Contains("3 words", Assert.Throws<ArgumentException>(() => _vm.GetDirtyLog(0, new ulong[3])).Message);
        Assert.Throws<ArgumentException>(() => _vm.GetDirtyLog(7, new ulong[4]));
        Assert.Throws<ArgumentException>(() => _vm.ClearDirtyLog(0, 0, 256, new ulong[3]));
        _vm.GetDirtyLog(0, new ulong[4]);
        _vm.SetMemorySlot(0, new(0), 0, default, logDirty: false);
        Assert.Throws<KernelCallException>(() => _vm.GetDirtyLog(0, new ulong[4]));
    }

    [Fact]
    public void Every_part_of_the_state_can_be_read_and_written_back()
    {
        _vm.CreateIrqChip();
        using var vcpu = Start([0xf4]);
        vcpu.SetCpuid(_system.GetSupportedCpuid());
        foreach (var part in Enum.GetValues<KvmStatePart>())
        {
            var bytes = new byte[vcpu.SizeOf(part)];
            vcpu.GetState(part, bytes);
            vcpu.SetState(part, bytes);
            var again = new byte[bytes.Length];
            vcpu.GetState(part, again);
            if (part != KvmStatePart.Lapic)
            {
                Assert.Equal(bytes, again);
            }
        }

        KvmMsrEntry[] msrs = [new() { Index = 0x10 }, new() { Index = 0xc0000080 }];
        Assert.Equal(2, vcpu.GetMsrs(msrs));
        Assert.Equal(2, vcpu.SetMsrs(msrs));
        Assert.True(vcpu.GetTscKhz() > 0);
        Assert.NotEmpty(_system.GetMsrIndices());
        _vm.SetClock(1_000_000_000);
        Assert.InRange(_vm.GetClock().Clock, 1_000_000_000UL, 100_000_000_000UL);
    }

    [Fact]
    public void The_dirty_log_names_the_written_page_until_it_is_cleared()
    {
        Assert.SkipUnless(_vm.TryEnableManualProtect(), "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 is missing");
        // mov [bx], al; hlt
        using var vcpu = Start([0x88, 0x07, 0xf4]);
        _vm.SetMemorySlot(0, new(0), 1 << 20, _memory.Memory.Regions[0].Host, logDirty: true);
        var words = new ulong[4];
        var all = new ulong[4];
        Array.Fill(all, ulong.MaxValue);
        _vm.GetDirtyLog(0, words);
        Assert.Equal(all, words);
        _vm.ClearDirtyLog(0, 0, 256, all);
        var regs = vcpu.GetRegs();
        regs.Rbx = 0x5000;
        vcpu.SetRegs(regs);
        Assert.Equal(KvmExit.Halt, vcpu.Run());
        for (var i = 0; i < 2; i++)
        {
            _vm.GetDirtyLog(0, words);
            Assert.Equal([1UL << 5, 0, 0, 0], words);
        }

        _vm.ClearDirtyLog(0, 0, 64, [1UL << 5]);
        _vm.GetDirtyLog(0, words);
        Assert.Equal([0UL, 0, 0, 0], words);
    }

    private KvmVcpu Start(ReadOnlySpan<byte> code)
    {
        code.CopyTo(_memory.Memory.GetSpan(new(CodeAddress), code.Length));
        _vm.SetMemorySlot(0, new(0), 1 << 20, _memory.Memory.Regions[0].Host, logDirty: false);
        var vcpu = _vm.CreateVcpu(0);
        var sregs = vcpu.GetSregs();
        sregs.Cs.Base = 0;
        sregs.Cs.Selector = 0;
        vcpu.SetSregs(sregs);
        vcpu.SetRegs(new() { Rip = CodeAddress, Rflags = 2 });
        return vcpu;
    }
}
