using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>Measures points of a device.</summary>
/// <param name="session">The device.</param>
/// <param name="partner">The same device with shared memory, whose progress untracked is what is compared with; <paramref name="session"/> where that shares it.</param>
/// <param name="window">How long progress is watched.</param>
/// <param name="cancellation">Ends it between repeats.</param>
internal sealed class DevicePoints(IDeviceSession session, IDeviceSession partner, TimeSpan window, CancellationToken cancellation)
{
    private const int Pings = 50, MostStandstills = 10;
    private static readonly TimeSpan RunUp = TimeSpan.FromMilliseconds(20);

    /// <summary>The measures of a point of reports.</summary>
    /// <exception cref="TrackerStartException">The tracker can't track so.</exception>
    /// <exception cref="InvalidDataException">The tracker missed a page.</exception>
    internal IReadOnlyList<SampleMeasure> Report(BenchPoint point)
    {
        var at = point.Dimensions;
        var measures = new MeasureList();
        using var bitmap = NewBitmap(at.MemoryBytes);
        using var written = NewBitmap(at.MemoryBytes);
        var clock = Clock(at, bitmap);
        // The first warms up.
        for (var i = -1; i < point.Repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            written.Clear();
            var start = clock.Start(at.PageSizeBytes);
            try
            {
                clock.Report();
                WriteSome(at, written, seed: i);
                var arcs = at.SyncInP2P ? SetP2P(true) : 0;
                var report = clock.Report();
                arcs += at.SyncInP2P ? SetP2P(false) : 0;
                if (clock.Missing([written]) is > 0 and var missing)
                {
                    throw new InvalidDataException($"{at.Provider} at {at.PageSizeBytes / 1024}K missed {missing} of {written.Count()} pages that the device wrote: don't migrate with it, and report this");
                }

                var stop = clock.Stop();
                if (i >= 0)
                {
                    Add(measures, at, start, report + arcs, stop, clock.Reported(), written.Count());
                    if (at.SyncInP2P)
                    {
                        measures.Add(MetricNames.P2PSeconds, arcs);
                    }
                }
            }
            finally
            {
                clock.Stop();
            }
        }

        return measures.ToList();
    }

    /// <summary>The measures of a point of progress: each value has been measured right after its untracked partner.</summary>
    internal IReadOnlyList<SampleMeasure> Slowdown(BenchPoint point)
    {
        var at = point.Dimensions;
        var measures = new MeasureList();
        using var bitmap = NewBitmap(at.MemoryBytes);
        var clock = at.PageSizeBytes == 0 ? null : Clock(at, bitmap);
        var stoodStill = 0;
        for (var i = 0; i < point.Repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (untrackedLatency, untracked) = Progress(partner, at, null, i);
            // A host that gave the device no processor for so long says nothing of trackers.
            if (untracked <= 0 && ++stoodStill <= MostStandstills)
            {
                i--;
                continue;
            }

            var start = clock?.Start(at.PageSizeBytes);
            try
            {
                var (latency, tracked) = Progress(session, at, clock is null ? null : () => ReportOnce(clock, at.SyncInP2P), i);
                measures.Add(MetricNames.DeviceBytesPerSecond, untracked, tracked);
                measures.Add(MetricNames.DeviceWriteSeconds, untrackedLatency, latency);
                if (start is { } seconds)
                {
                    measures.Add(MetricNames.StartSeconds, seconds);
                    measures.Add(MetricNames.StopSeconds, clock!.Stop());
                }
            }
            finally
            {
                clock?.Stop();
            }
        }

        return measures.ToList();
    }

    /// <summary>The measures of what watching takes: each value with all that the bench does, its partner with nothing.</summary>
    internal IReadOnlyList<SampleMeasure> Watching(BenchPoint point, Action tell)
    {
        var measures = new MeasureList();
        var driver = DriverOf(session);
        double Sent() => driver.SentBytes;
        driver.Run(WriteAddresses.Within(point.Dimensions.WorkingSetBytes, driver.MessageBytes, point.Dimensions.Pattern, 1));
        try
        {
            Thread.Sleep(RunUp);
            for (var i = 0; i < point.Repeats; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var without = ProgressWindow.Unwatched(Sent, window);
                measures.Add(MetricNames.DeviceBytesPerSecond, without, ProgressWindow.Watched(Sent, window, tell));
            }
        }
        finally
        {
            driver.Pause();
        }

        return measures.ToList();
    }

    /// <summary>Adds what one report tells.</summary>
    internal static void Add(MeasureList measures, SampleDimensions at, double start, double report, double stop, ulong reported, ulong written)
    {
        measures.Add(MetricNames.StartSeconds, start);
        measures.Add(MetricNames.ReportSeconds, report);
        measures.Add(MetricNames.StopSeconds, stop);
        measures.Add(MetricNames.PagesReported, reported);
        if (at.WorkingSetBytes > 0)
        {
            measures.Add(MetricNames.PagesWritten, written);
            measures.Add(MetricNames.BytesToSend, reported * 4096.0);
        }
    }

    private static DirtyBitmap NewBitmap(ulong memoryBytes) => new(new(new(0), memoryBytes), PageSize.Size4K);

    private static RnicDriver DriverOf(IDeviceSession session) => session.Driver ?? throw new InvalidOperationException("This device can't be driven.");

    private TrackerClock Clock(SampleDimensions at, DirtyBitmap bitmap) =>
        new(session.Trackers.First(tracker => tracker.Name == at.Provider), DeviceSession.Cut(at.MemoryBytes, at.RangeCount, at.PageSizeBytes), [bitmap]);

    private void WriteSome(SampleDimensions at, DirtyBitmap written, int seed)
    {
        if (at.WorkingSetBytes > 0)
        {
            var driver = DriverOf(session);
            var count = Math.Max(1, at.WorkingSetBytes / driver.MessageBytes);
            driver.Write(count, WriteAddresses.Spread(at.MemoryBytes, count, driver.MessageBytes, at.Pattern, seed), written);
        }
    }

    private (double Latency, double BytesPerSecond) Progress(IDeviceSession of, SampleDimensions at, Action? report, int seed)
    {
        var driver = DriverOf(of);
        WriteAddresses Addresses() => WriteAddresses.Within(at.WorkingSetBytes, driver.MessageBytes, at.Pattern, seed);
        report?.Invoke();
        var latency = driver.Latency(Pings, Addresses());
        driver.Run(Addresses());
        double rate;
        try
        {
            Thread.Sleep(RunUp);
            rate = ProgressWindow.Rate(() => driver.Completed, window, report) * driver.MessageBytes;
        }
        finally
        {
            driver.Pause();
        }

        return (latency, rate);
    }

    private void ReportOnce(TrackerClock clock, bool inP2P)
    {
        _ = inP2P ? SetP2P(true) : 0;
        clock.Report();
        _ = inP2P ? SetP2P(false) : 0;
    }

    private double SetP2P(bool isOn)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        session.SetP2P(isOn);
        return System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
