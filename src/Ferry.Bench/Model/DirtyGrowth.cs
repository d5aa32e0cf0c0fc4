using Ferry.Bench.Profiles;

namespace Ferry.Bench.Model;

/// <summary>How many bytes of memory a tracker reports after some time of writing. docs/cost-model.md derives the formulas.</summary>
public static class DirtyGrowth
{
    /// <summary>The page in which the engine counts and copies.</summary>
    public const double LeastPageBytes = 4096;

    /// <summary>What a write leaves in the writer's ring, in bytes: the completions of NICs are about as large.</summary>
    public const double RingEntryBytes = 32;

    /// <summary>The part of the working set that is hot where writes are skewed, and the part of the writes that it gets.</summary>
    public const double HotPart = 0.2, HotWrites = 0.8;

    /// <summary>The bytes of pages reported after <paramref name="seconds"/> of writes at <paramref name="bytesPerSecond"/>.</summary>
    /// <param name="load">Working set, size of a write and pattern; its own rate is not read.</param>
    /// <param name="bytesPerSecond">The rate, which a throttle or a tracker may have lowered.</param>
    /// <param name="pageBytes">The tracking page size.</param>
    /// <param name="seconds">The time since the report before.</param>
    public static double Bytes(WriterLoad load, double bytesPerSecond, double pageBytes, double seconds)
    {
        ArgumentNullException.ThrowIfNull(load);
        if (bytesPerSecond <= 0 || seconds <= 0 || load.WorkingSetBytes <= 0)
        {
            return 0;
        }

        var write = Math.Max(load.WriteBytes, LeastPageBytes);
        var writes = bytesPerSecond * seconds / write;
        var data = load.Pattern switch
        {
            AccessPattern.Sequential => Sequential(load.WorkingSetBytes, write, pageBytes, writes),
            AccessPattern.Skewed => Uniform(load.WorkingSetBytes * HotPart, write, pageBytes, writes * HotWrites)
                + Uniform(load.WorkingSetBytes * (1 - HotPart), write, pageBytes, writes * (1 - HotWrites)),
            _ => Uniform(load.WorkingSetBytes, write, pageBytes, writes),
        };
        // The ring lies beside the working set: of coarse pages they share some, which are dirty by either.
        var most = MostBytes(load, pageBytes);
        return Math.Min(most, data + (Sequential(load.RingBytes, RingEntryBytes, pageBytes, writes) * Math.Max(0, 1 - (data / most))));
    }

    /// <summary>The most that is dirty after any time of writing: the working set and the ring, in whole pages.</summary>
    public static double MostBytes(WriterLoad load, double pageBytes)
    {
        ArgumentNullException.ThrowIfNull(load);
        return RoundUp(load.WorkingSetBytes + load.RingBytes, pageBytes);
    }

    // A write marks a unit of max(write, page) bytes, and one that is marked already marks nothing: W(1 - exp(-n u / W)).
    private static double Uniform(double workingSet, double write, double page, double writes)
    {
        var unit = Math.Max(write, page);
        var whole = RoundUp(workingSet, page);
        return whole * -double.ExpM1(-writes * unit / whole);
    }

    // A run of pages, and what the page at its end holds beyond it.
    private static double Sequential(double workingSet, double write, double page, double writes)
    {
        var slack = Math.Max(0, page - write);
        var run = (writes * write) + (slack * Math.Min(1, writes));
        return Math.Min(RoundUp(workingSet, page), run);
    }

    private static double RoundUp(double bytes, double page) => Math.Ceiling(bytes / page) * page;
}
