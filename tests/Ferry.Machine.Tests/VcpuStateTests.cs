using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Linux.Kvm;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>State that is altered, cut or from elsewhere is refused, and the vCPUs stay as they were.</summary>
public sealed class VcpuStateTests
{
    private const int HeaderBytes = 32;

    // The legacy area of XSAVE holds XMM0 to XMM15 from byte 160, and its header, from 512, begins with the components in use.
    private const int XmmOffset = 160;
    private const int XsaveComponents = 512;

    // Behind eight segments, two table registers and CR0; behind an exception, an interrupt and two bytes of the NMI.
    private const int Cr2Offset = (8 * 24) + (2 * 16) + 8;
    private const int NmiMasked = 14;
    private const KvmStatePart Msrs = (KvmStatePart)100;

    public static TheoryData<AcceleratorKind> Accelerators => TestMachines.Accelerators;

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Any_altered_byte_and_any_cut_is_refused(AcceleratorKind accelerator)
    {
        using var machine = Paused(accelerator);
        var state = TestMachines.Save(machine);
        var step = Math.Max(1, state.Length / 97);
        for (var at = 0; at < state.Length; at += step)
        {
            state[at] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(state));
            state[at] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(state.AsSpan(0, at)));
        }

        Assert.Throws<InvalidDataException>(() => machine.LoadVcpus([.. state, 0]));
        machine.LoadVcpus(state);
        GoesOn(machine);
    }

    [Theory]
    [InlineData(0, "magic")]
    [InlineData(8, "version")]
    [InlineData(12, "accelerator")]
    [InlineData(16, "number of vCPUs")]
    [InlineData(HeaderBytes, "number of parts")]
    [InlineData(HeaderBytes + 4, "part")]
    [InlineData(HeaderBytes + 8, "length of a part")]
    public void A_foreign_field_is_named(int offset, string name)
    {
        foreach (var accelerator in Enum.GetValues<AcceleratorKind>())
        {
            using var machine = Paused(accelerator);
            var state = TestMachines.Save(machine);
            state[offset]++;
            Assert.Contains(name, Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(Sealed(state))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void State_of_a_machine_with_more_vcpus_is_refused()
    {
        using var two = Paused(AcceleratorKind.Thread, vcpus: 2);
        using var one = Paused(AcceleratorKind.Thread);
        Assert.Throws<InvalidDataException>(() => one.LoadVcpus(TestMachines.Save(two)));
        Assert.Throws<InvalidDataException>(() => two.LoadVcpus(TestMachines.Save(one)));
    }

    [Fact]
    public void A_program_that_would_go_on_outside_of_its_code_is_refused()
    {
        using var machine = Paused(AcceleratorKind.Thread);
        var state = TestMachines.Save(machine);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(state.Length - 16), 1 << 20);
        Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(Sealed(state)));
    }

    [Fact]
    public void Another_processor_is_refused()
    {
        using var machine = Paused(AcceleratorKind.Kvm);
        var state = TestMachines.Save(machine);
        state[HeaderBytes + 4 + 8 + 8 + 12] ^= 1;
        Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(Sealed(state)));
    }

    [Fact]
    public void Registers_that_the_kernel_refuses_leave_all_as_it_was()
    {
        using var machine = Paused(AcceleratorKind.Kvm, vcpus: 2);
        var state = TestMachines.Save(machine);
        var before = Find(state, KvmStatePart.Regs);
        var altered = state.ToArray();

        // Of the first vCPU other general registers, which would be taken; of the second a control register that no processor has.
        altered[Find(state, KvmStatePart.Regs).Start.Value] ^= 0xff;
        var sregs = Find(state, KvmStatePart.Sregs, vcpu: 1);
        altered.AsSpan(sregs)[(8 * 24 + 2 * 16)..][3 * 8 + 7] = 0xff;
        var refused = Assert.Throws<InvalidDataException>(() => machine.LoadVcpus(Sealed(altered)));
        TestContext.Current.TestOutputHelper?.WriteLine(refused.Message);
        Assert.True(TestMachines.Save(machine).AsSpan(before).SequenceEqual(state.AsSpan(before)));
        GoesOn(machine);
    }

    [Fact]
    public void What_an_integer_program_never_touches_travels_too()
    {
        using var source = Paused(AcceleratorKind.Kvm);
        var state = TestMachines.Save(source);
        var xsave = Find(state, KvmStatePart.Xsave);
        new Random(1).NextBytes(state.AsSpan(xsave).Slice(XmmOffset, 16 * 16));
        state.AsSpan(xsave)[XsaveComponents] |= 3;
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(Find(state, KvmStatePart.DebugRegs)), 0x1234_5678);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(Find(state, KvmStatePart.Sregs))[Cr2Offset..], 0x7654_3000);
        state.AsSpan(Find(state, KvmStatePart.Events))[NmiMasked] = 1;
        var msrs = state.AsSpan(Find(state, Msrs));
        var kernelGsBase = Enumerable.Range(0, msrs.Length / 16).Single(i => BinaryPrimitives.ReadUInt32LittleEndian(state.AsSpan(Find(state, Msrs))[(i * 16)..]) == 0xc000_0102) * 16;
        BinaryPrimitives.WriteUInt64LittleEndian(msrs[(kernelGsBase + 8)..], 0xffff_8000_0000_1000);

        using var destination = Paused(AcceleratorKind.Kvm);
        var before = TestMachines.Save(destination);
        destination.LoadVcpus(Sealed(state));
        var after = TestMachines.Save(destination);
        foreach (var part in new[] { KvmStatePart.Xsave, KvmStatePart.DebugRegs, KvmStatePart.Sregs, KvmStatePart.Events })
        {
            Assert.False(before.AsSpan(Find(before, part)).SequenceEqual(state.AsSpan(Find(state, part))), $"{part} was so before");
            Assert.True(after.AsSpan(Find(after, part)).SequenceEqual(state.AsSpan(Find(state, part))), $"{part} was lost");
        }

        Assert.Equal(msrs.Slice(kernelGsBase, 16), after.AsSpan(Find(after, Msrs)).Slice(kernelGsBase, 16));
    }

    private static GuestMachine Paused(AcceleratorKind accelerator, int vcpus = 1)
    {
        var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus));
        TestMachines.WaitForTransfers(machine, 50);
        machine.PauseVcpus();
        return machine;
    }

    private static void GoesOn(GuestMachine machine)
    {
        var transfers = machine.GetProgress().Transfers;
        machine.ResumeVcpus();
        TestMachines.WaitForTransfers(machine, transfers + 50);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    private static byte[] Sealed(ReadOnlySpan<byte> state)
    {
        var copy = state.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(copy.Length - 8), XxHash3.HashToUInt64(copy.AsSpan(0, copy.Length - 8)));
        return copy;
    }

    private static Range Find(ReadOnlySpan<byte> state, KvmStatePart wanted, int vcpu = 0)
    {
        var at = HeaderBytes;
        for (var i = 0; ; i++)
        {
            var parts = BinaryPrimitives.ReadInt32LittleEndian(state[at..]);
            at += 4;
            for (; parts > 0; parts--)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(state[(at + 4)..]);
                if (i == vcpu && BinaryPrimitives.ReadUInt32LittleEndian(state[at..]) == (uint)wanted)
                {
                    return (at + 8)..(at + 8 + length);
                }

                at += 8 + length;
            }
        }
    }
}
