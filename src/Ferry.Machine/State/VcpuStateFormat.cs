using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Linux;
using Ferry.Machine.Vcpus;

namespace Ferry.Machine.State;

/// <summary>How the state of all vCPUs travels.</summary>
/// <remarks>
/// All numbers are little-endian.
/// <code>
/// magic u64 | version u32 | accelerator u32 (0 kvm, 1 thread) | vCPUs u32 | reserved u32 | clock u64 (ns)
/// for each vCPU: parts u32, then for each part: number u32 | length u32 | bytes
/// XxHash3 of all before it, u64
/// </code>
/// A loader takes exactly the parts that it would save itself, in its own order: another host's processor or kernel may have others, and a
/// state that fits only in part is refused. It checks all of it before it changes anything.
/// </remarks>
internal static class VcpuStateFormat
{
    public const uint Version = 1;
    private const ulong Magic = 0x5550435659525246;
    private const int HeaderBytes = 32;
    private const int HashBytes = 8;

    /// <summary>Appends the state of the vCPUs, which are parked.</summary>
    public static void Save(IReadOnlyList<Vcpu> vcpus, AcceleratorKind accelerator, ulong clock, IBufferWriter<byte> writer)
    {
        var hash = new XxHash3();
        var header = writer.GetSpan(HeaderBytes)[..HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)accelerator);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)vcpus.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], clock);
        Commit(writer, hash, header);
        foreach (var vcpu in vcpus)
        {
            var count = writer.GetSpan(4)[..4];
            BinaryPrimitives.WriteUInt32LittleEndian(count, (uint)vcpu.StateParts.Count);
            Commit(writer, hash, count);
            foreach (var part in vcpu.StateParts)
            {
                var bytes = writer.GetSpan(8 + part.LengthBytes)[..(8 + part.LengthBytes)];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, part.Number);
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)part.LengthBytes);
                vcpu.SavePart(part, bytes[8..]);
                Commit(writer, hash, bytes);
            }
        }

        BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(HashBytes), hash.GetCurrentHashAsUInt64());
        writer.Advance(HashBytes);
    }

    /// <summary>Saves the state of vCPUs that have not run, for nothing but that code which a switchover calls has been called before: what is
    /// called for the first time is compiled then, and everybody waits.</summary>
    /// <remarks>A state that can't be read is no reason against a machine that nobody may want to move: the switchover names it.</remarks>
    public static void Rehearse(IReadOnlyList<Vcpu> vcpus, AcceleratorKind accelerator)
    {
        var state = new ArrayBufferWriter<byte>();
        try
        {
            Save(vcpus, accelerator, 0, state);
            CheckHeader(vcpus.Count, accelerator, state.WrittenSpan);
        }
        catch (KernelCallException)
        {
        }
    }

    /// <summary>Checks a state and, where all of it fits, loads it into the vCPUs, which are parked.</summary>
    /// <returns>The machine's clock in nanoseconds.</returns>
    /// <exception cref="InvalidDataException">It does not fit; nothing was changed.</exception>
    public static ulong Load(IReadOnlyList<Vcpu> vcpus, AcceleratorKind accelerator, ReadOnlySpan<byte> state)
    {
        CheckHeader(vcpus.Count, accelerator, state);
        Walk(vcpus, state, load: false);
        var own = new ArrayBufferWriter<byte>();
        Save(vcpus, accelerator, 0, own);
        try
        {
            Walk(vcpus, state, load: true);
        }
        catch (KernelCallException e)
        {
            // The kernel knows values that no processor takes; what was loaded before it said so is taken back.
            Walk(vcpus, own.WrittenSpan, load: true);
            throw new InvalidDataException($"vCPU state: {e.Message}", e);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(state[24..]);
    }

    private static void CheckHeader(int vcpuCount, AcceleratorKind accelerator, ReadOnlySpan<byte> state)
    {
        if (state.Length < HeaderBytes + HashBytes)
        {
            throw new InvalidDataException($"vCPU state: {state.Length} bytes; the header and the hash alone are {HeaderBytes + HashBytes}.");
        }

        Expect("magic", BinaryPrimitives.ReadUInt64LittleEndian(state), Magic);
        Expect("version", BinaryPrimitives.ReadUInt32LittleEndian(state[8..]), Version);
        Expect("accelerator", BinaryPrimitives.ReadUInt32LittleEndian(state[12..]), (uint)accelerator);
        Expect("number of vCPUs", BinaryPrimitives.ReadUInt32LittleEndian(state[16..]), (uint)vcpuCount);
        Expect("hash", BinaryPrimitives.ReadUInt64LittleEndian(state[^HashBytes..]), XxHash3.HashToUInt64(state[..^HashBytes]));
    }

    private static void Walk(IReadOnlyList<Vcpu> vcpus, ReadOnlySpan<byte> state, bool load)
    {
        var at = HeaderBytes;
        var end = state.Length - HashBytes;
        foreach (var vcpu in vcpus)
        {
            Expect("number of parts", Number(state, ref at, end), (uint)vcpu.StateParts.Count);
            foreach (var part in vcpu.StateParts)
            {
                Expect("part", Number(state, ref at, end), part.Number);
                Expect("length of a part", Number(state, ref at, end), (uint)part.LengthBytes);
                if (part.LengthBytes > end - at)
                {
                    throw new InvalidDataException($"vCPU state: part {part.Number} has {part.LengthBytes} bytes, {end - at} are left.");
                }

                var bytes = state.Slice(at, part.LengthBytes);
                at += part.LengthBytes;
                if (load)
                {
                    vcpu.LoadPart(part, bytes);
                }
                else if (!vcpu.Accepts(part, bytes))
                {
                    throw new InvalidDataException($"vCPU state: part {part.Number} holds what this host's vCPU does not have.");
                }
            }
        }

        Expect("end", (ulong)at, (ulong)end);
    }

    private static uint Number(ReadOnlySpan<byte> state, ref int at, int end)
    {
        if (end - at < 4)
        {
            throw new InvalidDataException($"vCPU state: cut at byte {at}.");
        }

        at += 4;
        return BinaryPrimitives.ReadUInt32LittleEndian(state[(at - 4)..]);
    }

    private static void Expect(string what, ulong found, ulong expected)
    {
        if (found != expected)
        {
            throw new InvalidDataException($"vCPU state: {what} is 0x{found:x}, this machine needs 0x{expected:x}.");
        }
    }

    private static void Commit(IBufferWriter<byte> writer, XxHash3 hash, ReadOnlySpan<byte> bytes)
    {
        hash.Append(bytes);
        writer.Advance(bytes.Length);
    }
}
