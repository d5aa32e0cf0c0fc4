using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Machine;
using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>Measures points of vCPUs: a machine without devices, whose program writes its working set.</summary>
internal sealed class GuestPoints : IDisposable
{
    // Long enough to write most of a working set at the centre, where KVM emulates each instruction.
    private static readonly TimeSpan RunFor = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RunUp = TimeSpan.FromMilliseconds(50);

    private readonly GuestMachine _machine;
    private readonly IovaRange[] _ranges;
    private readonly IovaRange[] _owned;
    private readonly DirtyBitmap[] _bitmaps;
    private readonly IDirtyTracker? _tracker;
    private readonly TimeSpan _window;
    private readonly CancellationToken _cancellation;

    /// <summary>A machine for the points of one block.</summary>
    /// <exception cref="MachineException">There can be no such machine here.</exception>
    internal GuestPoints(SampleDimensions at, string accelerator, TimeSpan window, CancellationToken cancellation)
    {
        (_window, _cancellation) = (window, cancellation);
        var isProcess = at.Provider == "process" || (at.Provider == "off" && accelerator != "kvm");
        _machine = GuestMachine.Create(new MachineOptions
        {
            MemoryBytes = at.MemoryBytes,
            Accelerator = isProcess ? AcceleratorKind.Thread : AcceleratorKind.Kvm,
            Tracking = at.Provider == "kvm-ring" ? VcpuTracking.Ring : VcpuTracking.Log,
            WorkingSetBytes = Math.Max(2 * 4096, at.WorkingSetBytes),
            DirtyBytesPerSecond = at.DirtyBytesPerSecond,
        });
        try
        {
            _machine.LoadProgram();
            // What the program was given: it writes nothing else.
            _owned = [.. _machine.FindPopulated().SelectMany(Chunks)];
            _machine.PopulateAll(Environment.ProcessorCount, null, cancellation);
            _ranges = [.. _machine.Memory.Regions.Select(region => region.Range)];
            _tracker = _machine.Trackers.FirstOrDefault(tracker => tracker.Name == at.Provider);
            _bitmaps = [.. _ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K))];
        }
        catch
        {
            _machine.Dispose();
            throw;
        }
    }

    /// <summary>The measures of a point of reports.</summary>
    /// <exception cref="InvalidDataException">The tracker missed a page.</exception>
    internal IReadOnlyList<SampleMeasure> Report(BenchPoint point)
    {
        var at = point.Dimensions;
        var measures = new MeasureList();
        var clock = Clock();
        DirtyBitmap[] written = [.. _ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K))];
        try
        {
            for (var i = -1; i < point.Repeats; i++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var start = clock.Start(at.PageSizeBytes);
                clock.Report();
                if (at.WorkingSetBytes > 0)
                {
                    RunAndFind(written);
                }

                var report = clock.Report();
                if (clock.Missing(written) is > 0 and var missing)
                {
                    throw new InvalidDataException($"{at.Provider} missed {missing} pages that the guest wrote: don't migrate with it, and report this");
                }

                var stop = clock.Stop();
                if (i >= 0)
                {
                    DevicePoints.Add(measures, at, start, report, stop, clock.Reported(), written.Aggregate(0UL, (sum, each) => sum + each.Count()));
                }
            }
        }
        finally
        {
            clock.Stop();
            Array.ForEach(written, bitmap => bitmap.Dispose());
        }

        return measures.ToList();
    }

    /// <summary>The measures of a point of progress.</summary>
    internal IReadOnlyList<SampleMeasure> Slowdown(BenchPoint point)
    {
        var measures = new MeasureList();
        var clock = _tracker is null ? null : Clock();
        _machine.ResumeVcpus();
        try
        {
            Thread.Sleep(RunUp);
            for (var i = 0; i < point.Repeats; i++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var untracked = ProgressWindow.Rate(Pages, _window, null);
                var start = clock?.Start(point.Dimensions.PageSizeBytes);
                measures.Add(MetricNames.GuestPagesPerSecond, untracked, ProgressWindow.Rate(Pages, _window, clock is null ? null : () => clock.Report()));
                if (start is { } seconds)
                {
                    measures.Add(MetricNames.StartSeconds, seconds);
                    measures.Add(MetricNames.StopSeconds, clock!.Stop());
                }
            }
        }
        finally
        {
            clock?.Stop();
            _machine.PauseVcpus();
        }

        return measures.ToList();
    }

    /// <summary>The measures of what watching takes.</summary>
    internal IReadOnlyList<SampleMeasure> Watching(BenchPoint point, Action tell)
    {
        var measures = new MeasureList();
        _machine.ResumeVcpus();
        try
        {
            Thread.Sleep(RunUp);
            for (var i = 0; i < point.Repeats; i++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var without = ProgressWindow.Unwatched(Pages, _window);
                measures.Add(MetricNames.GuestPagesPerSecond, without, ProgressWindow.Watched(Pages, _window, tell));
            }
        }
        finally
        {
            _machine.PauseVcpus();
        }

        return measures.ToList();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _machine.Dispose();
        Array.ForEach(_bitmaps, bitmap => bitmap.Dispose());
    }

    // A transfer writes two pages.
    private double Pages() => _machine.GetProgress().Transfers * 2.0;

    private TrackerClock Clock() => new(_tracker ?? throw new MachineException("This machine has no such tracker."), _ranges, _bitmaps);

    // Lets the program run, and compares memory with what it was: each page that it writes it leaves with another number.
    private void RunAndFind(DirtyBitmap[] written)
    {
        byte[][] before = [.. _owned.Select(chunk => Span(chunk).ToArray())];
        _machine.ResumeVcpus();
        Thread.Sleep(RunFor);
        _machine.PauseVcpus();
        Array.ForEach(written, bitmap => bitmap.Clear());
        for (var i = 0; i < before.Length; i++)
        {
            var (was, into) = (before[i], written.First(bitmap => bitmap.Range.Contains(_owned[i])));
            var now = Span(_owned[i]);
            for (var page = 0; page < was.Length; page += 4096)
            {
                if (!now.Slice(page, 4096).SequenceEqual(was.AsSpan(page, 4096)))
                {
                    into.SetPages(into.PageOf(new(_owned[i].Start.Value + (ulong)page)), 1);
                }
            }
        }
    }

    private Span<byte> Span(IovaRange chunk) => _machine.Memory.GetSpan(new(chunk.Start.Value), (int)chunk.LengthBytes);

    private static IEnumerable<IovaRange> Chunks(IovaRange range)
    {
        const ulong Most = 64 << 20;
        for (ulong done = 0; done < range.LengthBytes; done += Most)
        {
            yield return new(new(range.Start.Value + done), Math.Min(Most, range.LengthBytes - done));
        }
    }
}
