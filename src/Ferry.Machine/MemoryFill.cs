using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ferry.Memory;

namespace Ferry.Machine;

/// <summary>Fills guest memory with incompressible data, reproducibly.</summary>
internal static class MemoryFill
{
    private const int StepBytes = 4 << 20;

    /// <summary>Writes random bytes from an address upwards, over the hole.</summary>
    public static void Write(GuestMemory memory, ulong from, ulong randomBytes, ulong seed, int threads, Action<ulong>? progress, CancellationToken cancellation)
    {
        var steps = new List<(ulong Start, int Bytes)>();
        foreach (var region in memory.Regions)
        {
            for (var at = Math.Max(from, region.Start.Value); at <= region.Last.Value && randomBytes > 0;)
            {
                var bytes = (int)Math.Min(Math.Min(StepBytes, randomBytes), region.Last.Value - at + 1);
                steps.Add((at, bytes));
                at += (ulong)bytes;
                randomBytes -= (ulong)bytes;
            }
        }

        ulong done = 0;
        Parallel.For(0, steps.Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, step =>
        {
            Generate(memory.GetSpan(new(steps[step].Start), steps[step].Bytes), seed, (ulong)step);
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
