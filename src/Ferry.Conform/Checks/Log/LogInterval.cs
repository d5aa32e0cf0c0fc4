using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>What was written in an interval, by comparison, beside what was reported in it.</summary>
/// <param name="Written">The pages of 4 KiB that differ at its end from what they were at its begin.</param>
/// <param name="Reported">All that its reports said, at the page size of the log.</param>
internal sealed record LogInterval(DirtyBitmap Written, DirtyBitmap Reported) : IDisposable
{
    public void Dispose()
    {
        Written.Dispose();
        Reported.Dispose();
    }
}
