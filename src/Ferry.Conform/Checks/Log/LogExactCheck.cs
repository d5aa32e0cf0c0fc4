using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Nothing but writes is in the log.</summary>
internal sealed class LogExactCheck : ICheck
{
    public string Name => "log-exact";

    public string Rule => "No page is reported that the device did not write, or that holds no page that it wrote where the log's pages are larger.";

    public string Source => Sources.LogStart;

    public CheckNeeds Needs => CheckNeeds.ExactLog | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        context.Begin("writes under a log of 4K, and nothing else");
        using var interval = LogTrial.Start(context, PageSize.Size4K).RunInterval();
        using var allowed = new DirtyBitmap(interval.Reported.Range, interval.Reported.PageSize);
        allowed.Or(interval.Written);
        for (var page = 0UL; page < interval.Reported.PageCount; page++)
        {
            CheckContext.Require(
                !interval.Reported.IsSet(page) || allowed.IsSet(page),
                $"the page of {allowed.PageSize} at {new Iova(allowed.Range.Start.Value + (page << allowed.PageSize.Shift))} is reported and was not written");
        }

        return FormattableString.Invariant($"{interval.Reported.Count()} pages of {interval.Reported.PageSize}");
    }
}
