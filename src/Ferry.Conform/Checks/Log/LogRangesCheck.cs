using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Several ranges, and what lies between them.</summary>
internal sealed class LogRangesCheck : ICheck
{
    private const ulong LeastPages = 8;

    public string Name => "log-ranges";

    public string Rule => "A log of several ranges has every page that was written in each; no report sets a page beyond its range, nor one between ranges that was not written.";

    public string Source => Sources.LogReport;

    public CheckNeeds Needs => CheckNeeds.Log | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        context.Begin("writes under a log of three ranges");
        context.BeginStimulus();
        context.Work(1);
        var ram = context.Memory.Ram;
        var pageSize = context.Device.StartDmaLog([ram], PageSize.Size4K);
        context.Device.StopDmaLog();
        var pages = ram.LengthBytes >> pageSize.Shift;
        if (pages < LeastPages)
        {
            throw new NotApplicableException($"the log's pages of {pageSize} are too large for three ranges in {ram}");
        }

        // Lengths that fill no whole word of a bitmap, where there are so many pages.
        IovaRange[] ranges = [Pages(context, pageSize, 0, (pages / 4) - 1), Pages(context, pageSize, pages / 2, (pages / 8) + 1), Pages(context, pageSize, pages - (pages / 8), pages / 8)];
        IovaRange[] gaps = [Between(ranges[0], ranges[1]), Between(ranges[1], ranges[2])];
        context.Memory.Remember();
        context.Device.StartDmaLog(ranges, pageSize);
        context.Work(4 * CheckContext.WorkPieces);
        context.Settle();
        using var written = context.Written();
        foreach (var range in ranges)
        {
            using var reported = context.Report(range, pageSize);
            CheckContext.RequireComplete(written, reported);
        }

        foreach (var gap in gaps.Where(gap => gap.LengthBytes > 0))
        {
            RequireOnlyWritten(context, gap, pageSize, written);
        }

        return string.Join(", ", ranges);
    }

    private static IovaRange Pages(CheckContext context, PageSize pageSize, ulong first, ulong count) =>
        new(new(context.Memory.Ram.Start.Value + (first << pageSize.Shift)), count << pageSize.Shift);

    private static IovaRange Between(IovaRange before, IovaRange after)
    {
        var start = before.Last.Value + 1;
        return start == after.Start.Value ? default : new(new(start), after.Start.Value - start);
    }

    // A device may log more than it was asked for, and may refuse to report it.
    private static void RequireOnlyWritten(CheckContext context, IovaRange gap, PageSize pageSize, DirtyBitmap written)
    {
        using var reported = new DirtyBitmap(gap, pageSize);
        if (!context.HasExactLog || CheckContext.IsRefused(() => context.Device.ReportDmaLog(gap, pageSize, reported)))
        {
            return;
        }

        foreach (var (first, count) in reported.Runs())
        {
            for (var page = first; page < first + count; page++)
            {
                var at = new Iova(gap.Start.Value + (page << pageSize.Shift));
                CheckContext.Require(
                    written.Count(written.PageOf(at), pageSize.Bytes >> written.PageSize.Shift) > 0, $"the page at {at}, between the ranges, is reported and was not written");
            }
        }
    }
}
