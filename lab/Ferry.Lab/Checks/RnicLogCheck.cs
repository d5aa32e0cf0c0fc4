using Ferry.Lab.Devices;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>The log of a device that really writes, against memory compared with a copy: at each of its page sizes, in ranges, started again; and with
/// logs that are wrong, which the comparison finds.</summary>
internal sealed class RnicLogCheck : ILabCheck
{
    private const int RangeLimit = 8;
    private static readonly PageSize[] LogSizes = [PageSize.Size4K, new(64 << 10), PageSize.Size2M];

    /// <inheritdoc/>
    public string Name => "rnic-log-exact";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var (written, beside) = (0UL, 0);
        foreach (var size in LogSizes)
        {
            using var rnic = new ContainedRnic(new());
            using var trial = RunTrial(rnic, size);
            LabContext.Require(trial.MissedPages == 0, $"at {size} {trial.MissedPages} of {trial.WrittenPages} written pages were not reported");
            LabContext.Require(trial.AddedPages == 0 && trial.RepeatedPages == 0, $"at {size} {trial.AddedPages} pages were added, {trial.RepeatedPages} repeated");
            LabContext.Require(trial.WrittenPages > 0 && trial.ReportsBesideWrites > 1, "nothing was written, or no report was made beside it");
            (written, beside) = (written + trial.WrittenPages, beside + trial.ReportsBesideWrites);
            CheckRestart(rnic, size);
        }

        CheckRanges();
        CheckLimits();
        CheckLargerPages();
        Find("log-misses", trial => trial.MissedPages > 0);
        Find("log-keeps", trial => trial.RepeatedPages > 0);
        Find("log-adds", trial => trial.AddedPages > 0);
        using var forgetful = new ContainedRnic(new() { Defect = "log-forgets-rest" });
        LabContext.Require(!TakesRanges(forgetful), "a log that forgets what it was not asked for was not found");
        return $"{written} written pages at {string.Join(", ", LogSizes)}, {beside} reports beside writes: none missing, added or repeated; 4 wrong logs found";
    }

    private static RnicLogTrial RunTrial(ContainedRnic rnic, PageSize size)
    {
        var chosen = rnic.Device.StartDmaLog([ContainedRnic.Range], size);
        LabContext.Require(chosen == size, $"asked for {size} the device logs at {chosen}");
        var trial = new RnicLogTrial(rnic, size, seed: 11);
        trial.Run();
        return trial;
    }

    /// <summary>A log of that defect is found by the same trial.</summary>
    private static void Find(string defect, Func<RnicLogTrial, bool> isFound)
    {
        using var rnic = new ContainedRnic(new() { Defect = defect });
        using var trial = RunTrial(rnic, PageSize.Size4K);
        LabContext.Require(isFound(trial), $"the defect {defect} was not found in {trial.WrittenPages} written pages");
    }

    private static void CheckRestart(ContainedRnic rnic, PageSize size)
    {
        var device = rnic.Device;
        LabContext.RequireRefusal(() => device.StartDmaLog([ContainedRnic.Range], size), "a second start");
        rnic.Write(ContainedRnic.Range.Start);
        device.StopDmaLog();
        LabContext.RequireRefusal(() => Report(rnic, ContainedRnic.Range).Dispose(), "a report after the log was stopped");
        device.StartDmaLog([ContainedRnic.Range], size);
        using (var empty = Report(rnic, ContainedRnic.Range))
        {
            LabContext.Require(empty.Count() == 0, $"a log that was just started reports {empty.Count()} pages");
        }

        // A reset makes the device new, and what was written before it stays logged.
        rnic.Write(new(ContainedRnic.Range.Start.Value + (9 << 12)));
        device.Reset();
        using var kept = Report(rnic, ContainedRnic.Range);
        LabContext.Require(kept.IsSet(9), "a reset lost what was logged");
        device.StopDmaLog();
    }

    private static void CheckRanges()
    {
        using var rnic = new ContainedRnic(new());
        LabContext.Require(TakesRanges(rnic), "of two ranges a page is missing, or one between them was reported");
    }

    /// <summary>Whether a log of two ranges has what was written in each, nothing else, and refuses what is not all in them.</summary>
    private static bool TakesRanges(ContainedRnic rnic)
    {
        IovaRange[] ranges = [PartOf(3, 70), PartOf(101, 90)];
        rnic.Device.StartDmaLog(ranges, PageSize.Size4K);
        ulong[] pages = [3, 72, 80, 101, 190];
        foreach (var page in pages)
        {
            rnic.Write(PartOf(page, 1).Start);
        }

        // Nothing is taken by a report that is refused.
        LabContext.RequireRefusal(() => Report(rnic, PartOf(60, 60)).Dispose(), "a report across the gap");
        LabContext.RequireRefusal(() => Report(rnic, PartOf(80, 1)).Dispose(), "a report of the gap");
        using var first = Report(rnic, ranges[0]);
        using var second = Report(rnic, ranges[1]);
        return first.Count() == 2 && first.IsSet(0) && first.IsSet(69) && second.Count() == 2 && second.IsSet(0) && second.IsSet(89);
    }

    private static void CheckLimits()
    {
        using var rnic = new ContainedRnic(new() { LogRanges = RangeLimit });
        IovaRange[] ranges = [.. Enumerable.Range(0, RangeLimit + 1).Select(i => PartOf((ulong)i * 2, 1))];
        LabContext.RequireRefusal(() => rnic.Device.StartDmaLog(ranges, PageSize.Size4K), $"a log of {ranges.Length} ranges of a device that takes {RangeLimit}");
        LabContext.RequireRefusal(() => Report(rnic, ranges[0]).Dispose(), "a report after a start that was refused");
        rnic.Device.StartDmaLog(ranges[..RangeLimit], PageSize.Size4K);
        rnic.Write(ranges[RangeLimit - 1].Start);
        using var reported = Report(rnic, ranges[RangeLimit - 1]);
        LabContext.Require(reported.Count() == 1, "the last of the ranges was not logged");
        rnic.Device.StopDmaLog();
        LabContext.RequireRefusal(() => rnic.Device.StartDmaLog([PartOf(0, 4), PartOf(3, 2)], PageSize.Size4K), "ranges that overlap");
    }

    /// <summary>A device that logs at larger pages than it was asked for: a part of one is reported, and kept until all of it was asked for.</summary>
    private static void CheckLargerPages()
    {
        using var rnic = new ContainedRnic(new() { LogPageSizes = PageSize.Size2M.Bytes });
        var range = PartOf(512, 500);
        var chosen = rnic.Device.StartDmaLog([range], PageSize.Size4K);
        LabContext.Require(chosen == PageSize.Size2M, $"a device that logs at 2M chose {chosen}");
        rnic.Write(PartOf(600, 1).Start);
        for (var i = 0; i < 2; i++)
        {
            using var part = Report(rnic, PartOf(512, 8));
            LabContext.Require(part.Count() == 8, $"{part.Count()} of 8 pages of a larger one that was written were reported");
        }

        using var whole = Report(rnic, range);
        LabContext.Require(whole.Count() == 500, $"{whole.Count()} of 500 pages of a larger one that was written were reported");
        using var again = Report(rnic, range);
        LabContext.Require(again.Count() == 0, "a larger page was reported as a whole, and again");
    }

    private static IovaRange PartOf(ulong first, ulong count) => new(new(ContainedRnic.Range.Start.Value + (first << 12)), count << 12);

    private static DirtyBitmap Report(ContainedRnic rnic, IovaRange range)
    {
        var reported = new DirtyBitmap(range, PageSize.Size4K);
        try
        {
            rnic.Device.ReportDmaLog(range, PageSize.Size4K, reported.Words);
            return reported;
        }
        catch
        {
            reported.Dispose();
            throw;
        }
    }
}
