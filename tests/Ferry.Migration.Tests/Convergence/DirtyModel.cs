namespace Ferry.Migration.Tests.Convergence;

/// <summary>How many bytes a guest dirties in a time: a working set that is written at a rate.</summary>
/// <param name="WorkingSetBytes">What it writes over and over.</param>
/// <param name="BytesPerSecond">The rate over a time from the start of the migration, unthrottled.</param>
/// <param name="IsSequential">Whether it writes each page once before it begins again; otherwise it picks them at random.</param>
internal sealed record DirtyModel(double WorkingSetBytes, Func<double, double> BytesPerSecond, bool IsSequential = false)
{
    internal static DirtyModel Steady(double workingSetBytes, double bytesPerSecond, bool isSequential = false) =>
        new(workingSetBytes, _ => bytesPerSecond, isSequential);

    internal static DirtyModel Oscillating(double workingSetBytes, double low, double high, double periodSeconds) =>
        new(workingSetBytes, at => at % periodSeconds < periodSeconds / 2 ? high : low);

    internal static DirtyModel Bursty(double workingSetBytes, double burst, double periodSeconds) =>
        new(workingSetBytes, at => at % periodSeconds < periodSeconds / 10 ? burst : 0);

    /// <summary>What is dirty after <paramref name="seconds"/> that begin at <paramref name="start"/>.</summary>
    internal double DirtiedIn(double start, double seconds, double speed)
    {
        var written = 0.0;
        // In slices, since the rate may change within.
        for (var i = 0; i < 16; i++)
        {
            written += BytesPerSecond(start + (seconds * (i + 0.5) / 16)) * speed * seconds / 16;
        }

        return IsSequential ? Math.Min(WorkingSetBytes, written) : WorkingSetBytes * (1 - Math.Exp(-written / WorkingSetBytes));
    }
}
