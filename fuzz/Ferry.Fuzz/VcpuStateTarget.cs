using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Linux.Memory;
using Ferry.Machine;
using Ferry.Machine.Programs;
using Ferry.Machine.State;
using Ferry.Machine.Vcpus;

namespace Ferry.Fuzz;

/// <summary>The state of vCPUs, from a source that may be anyone: as it came, and with its hash made right, which gets past the first check.</summary>
internal sealed class VcpuStateTarget : IFuzzTarget
{
    private const int HashBytes = 8;

    /// <inheritdoc/>
    public string Name => "vcpu-state";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        var program = LedgerProgram.Assemble(ProgramTarget.Thread, out var entry);
        using var code = new ExecutableMemory(program);

        // Two vCPUs that never run, so that where guest memory would be does not matter.
        using var first = new ThreadVcpu(code, (ulong)program.Length, entry, new(0));
        using var second = new ThreadVcpu(code, (ulong)program.Length, entry, new(0));
        TryLoad([first, second], input);
        if (input.Length >= HashBytes)
        {
            var sealedInput = input.ToArray();
            BinaryPrimitives.WriteUInt64LittleEndian(sealedInput.AsSpan(sealedInput.Length - HashBytes), XxHash3.HashToUInt64(sealedInput.AsSpan(0, sealedInput.Length - HashBytes)));
            TryLoad([first, second], sealedInput);
        }
    }

    private static void TryLoad(IReadOnlyList<Vcpu> vcpus, ReadOnlySpan<byte> state)
    {
        try
        {
            VcpuStateFormat.Load(vcpus, AcceleratorKind.Thread, state);
        }
        catch (InvalidDataException)
        {
            // Refused, with a reason.
        }
    }
}
