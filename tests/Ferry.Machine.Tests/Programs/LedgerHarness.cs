using System.Buffers.Binary;
using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Machine.Programs;
using Ferry.Machine.Vcpus;
using Ferry.Memory;
using Xunit;

namespace Ferry.Machine.Tests.Programs;

/// <summary>The program on one vCPU that the test's own thread runs, exit by exit, so that all is repeatable.</summary>
internal sealed class LedgerHarness : IDisposable
{
    public const int MessageBytes = 8192;
    public const uint Stride = 512;
    private const ulong Registers = 0xE000_0000;
    private const ulong Doorbells = 0xE000_2000;
    private readonly GuestMemoryFile _file;
    private readonly LedgerLayout _layout;
    private readonly ExecutableMemory? _code;
    private readonly KvmSystem? _system;
    private readonly KvmVm? _vm;

    private LedgerHarness(AcceleratorKind accelerator, ulong workingSetBytes, int? messageBytes)
    {
        Options = new() { MemoryBytes = 32 << 20, WorkingSetBytes = workingSetBytes, NicWorkingSetBytes = 8 * MessageBytes, CheckStrideBytes = Stride };
        Assert.Empty(Options.Validate());
        (uint, bool)[] messages = messageBytes is { } bytes ? [((uint)bytes, false)] : [];
        _layout = LedgerLayout.TryCreate(Options, messages, out var problem) ?? throw new InvalidOperationException(problem);
        _file = GuestMemoryFile.Create(GuestLayout.Of(Options.MemoryBytes, PageSize.Size2M));
        var program = LedgerProgram.Assemble(accelerator == AcceleratorKind.Kvm ? ProgramTarget.Kvm : ProgramTarget.Thread, out var entry);
        if (accelerator == AcceleratorKind.Kvm)
        {
            Assert.SkipUnless(KvmSystem.TryOpen(out _system, out var reason), reason ?? "");
            _vm = _system!.CreateVm();
            _vm.SetMemorySlot(0, new(0), Options.MemoryBytes, _file.Memory.Regions[0].Host, logDirty: false);
            Vcpu = new KvmGuestVcpu(_vm.CreateVcpu(0), _system.GetSupportedCpuid(), _system.GetMsrIndices(), LedgerLayout.Code + entry, LedgerLayout.PageTables);
        }
        else
        {
            _code = new ExecutableMemory(program);
            Vcpu = new ThreadVcpu(_code, (ulong)program.Length, entry, _file.Memory.Regions[0].Host);
        }

        Program = accelerator == AcceleratorKind.Kvm ? program : null;
        Nic = messageBytes is { } length ? new ScriptedNic(Memory, Registers, Doorbells, length) : null;
    }

    public MachineOptions Options { get; }

    public Vcpu Vcpu { get; }

    public GuestMemory Memory => _file.Memory;

    public ScriptedNic? Nic { get; private set; }

    /// <summary>What the program reported, in order, with the detail of each.</summary>
    public List<(LedgerError Error, ulong Detail)> Errors { get; } = [];

    public ulong PageCount => _layout.PageCount;

    private byte[]? Program { get; }

    /// <summary>A machine whose program has just asked for its first budget.</summary>
    public static LedgerHarness Boot(AcceleratorKind accelerator, ulong workingSetBytes = 64 * 4096, int? messageBytes = null)
    {
        var harness = Create(accelerator, workingSetBytes, messageBytes);
        LedgerImage.Write(harness.Memory, harness.Options, harness._layout, harness.Program, messageBytes is null ? [] : [new(Registers, Doorbells, 0, 0)]);
        harness.Vcpu.Boot(LedgerLayout.ControlBlockOf(0));
        harness.RunToBudget();
        return harness;
    }

    /// <summary>A machine with empty memory whose vCPU was never started.</summary>
    public static LedgerHarness Create(AcceleratorKind accelerator, ulong workingSetBytes = 64 * 4096, int? messageBytes = null) =>
        new(accelerator, workingSetBytes, messageBytes);

    /// <summary>Lets the program do transfers, and look at its NIC once at least.</summary>
    public void Run(int transfers = 0)
    {
        Turn((uint)Math.Min(transfers, 32));
        for (transfers -= 32; transfers > 0; transfers -= 32)
        {
            Turn((uint)Math.Min(transfers, 32));
        }
    }

    /// <summary>Lets the program check itself.</summary>
    /// <returns>The number of errors that it counted.</returns>
    public ulong Check()
    {
        var before = Field(ControlBlock.Checks);
        Turn(GuestPorts.CheckRequested);
        Assert.Equal(before + 1, Field(ControlBlock.Checks));
        return Field(ControlBlock.CheckErrors);
    }

    public Span<byte> Page(ulong number) => Memory.GetSpan(new(_layout.Pages + (number * LedgerPage.Bytes)), LedgerPage.Bytes);

    public Span<byte> Block() => Memory.GetSpan(new(LedgerLayout.ControlBlockOf(0)), ControlBlock.Bytes);

    public ulong Field(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Block()[offset..]);

    public ulong SequenceOf(ulong page) => BinaryPrimitives.ReadUInt64LittleEndian(Page(page)[LedgerPage.Sequence..]);

    /// <summary>Copies memory and takes over the vCPU's state and the NIC: a migration without a wire.</summary>
    public void ContinueFrom(LedgerHarness source)
    {
        foreach (var part in source.Vcpu.StateParts)
        {
            var bytes = new byte[part.LengthBytes];
            source.Vcpu.SavePart(part, bytes);
            Assert.True(Vcpu.Accepts(part, bytes));
            Vcpu.LoadPart(part, bytes);
        }

        source.Memory.GetSpan(new(0), (int)Options.MemoryBytes).CopyTo(Memory.GetSpan(new(0), (int)Options.MemoryBytes));
    }

    /// <summary>Gives the program a budget and runs it until it asks for the next.</summary>
    public void Turn(uint budget)
    {
        Vcpu.Answer(budget);
        RunToBudget();
    }

    public void RunToBudget()
    {
        for (var exits = 0; exits < 100_000; exits++)
        {
            switch (Vcpu.Run())
            {
                case VcpuExit.PortIn when Vcpu.Address == GuestPorts.Budget:
                    return;
                case VcpuExit.PortIn:
                    Vcpu.Answer(0);
                    break;
                case VcpuExit.PortOut when Vcpu.Address == GuestPorts.Error:
                    Errors.Add(((LedgerError)Vcpu.Value, Field(ControlBlock.LastErrorDetail)));
                    break;
                case VcpuExit.RegisterRead:
                    Vcpu.Answer(Nic!.Read(Vcpu.Address));
                    break;
                case VcpuExit.RegisterWrite:
                    Nic!.Write(Vcpu.Address, Vcpu.Value);
                    break;
                case VcpuExit.Failed:
                    Assert.Fail(Vcpu.Fault ?? "failed");
                    break;
            }
        }

        Assert.Fail("The program does not come back for a budget.");
    }

    public void Dispose()
    {
        Vcpu?.Dispose();
        _vm?.Dispose();
        _system?.Dispose();
        _code?.Dispose();
        _file.Dispose();
    }
}
