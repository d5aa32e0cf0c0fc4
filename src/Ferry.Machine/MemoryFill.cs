using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ferry.Linux.Memory;
using Ferry.Memory;

namespace Ferry.Machine;

/// <summary>Fills guest memory with incompressible data, reproducibly.</summary>
internal static class MemoryFill
{
    private const int StepBytes = 4 << 20;

    /// <summary>Writes random bytes into <paramref name="ranges"/>, the first first, until as many are written.</summary>
    public static void Write(GuestMemoryFile memory, IReadOnlyList<IovaRange> ranges, ulong randomBytes, ulong seed, int threads, Action<ulong>? progress, CancellationToken cancellation)
    {
        var steps = new List<(ulong Start, int Bytes)>();
        foreach (var range in ranges)
        {
            for (var at = range.Start.Value; at <= range.Last.Value && randomBytes > 0;)
            {
                var bytes = (int)Math.Min(Math.Min(StepBytes, randomBytes), range.Last.Value - at + 1);
                steps.Add((at, bytes));
                at += (ulong)bytes;
                randomBytes -= (ulong)bytes;
            }
        }

        ulong done = 0;
        Parallel.For(0, steps.Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, step =>
        {
            // Touching page by page takes several times as long.
            memory.Populate(new(new(steps[step].Start), ((ulong)steps[step].Bytes + 4095) & ~4095UL));
            Generate(memory.Memory.GetSpan(new(steps[step].Start), steps[step].Bytes), seed, (ulong)step);
            var now = Interlocked.Add(ref done, (ulong)steps[step].Bytes);
            progress?.Invoke(now);
        });
    }

    /// <summary>Four xorshift64 generators side by side.</summary>
    private static void Generate(Span<byte> bytes, ulong seed, ulong step)
    {
        var mixed = ((seed + 1) * 0x9E3779B97F4A7C15) ^ ((step + 1) * 0xBF58476D1CE4E5B9);
        var state = Vector256.Create(mixed | 1, (mixed * 3) | 1, (mixed * 5) | 1, (mixed * 7) | 1);
        var vectors = MemoryMarshal.Cast<byte, Vector256<ulong>>(bytes);
        for (var i = 0; i < vectors.Length; i++)
        {
            state ^= Vector256.ShiftLeft(state, 13);
            state ^= Vector256.ShiftRightLogical(state, 7);
            state ^= Vector256.ShiftLeft(state, 17);
            vectors[i] = state;
        }
    }
}
