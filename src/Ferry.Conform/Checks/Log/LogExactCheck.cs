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
        using var trial = LogTrial.Run(context, PageSize.Size4K, rounds: 1);
        using var allowed = new DirtyBitmap(trial.Reported.Range, trial.Reported.PageSize);
        allowed.Or(trial.Written);
        for (var page = 0UL; page < trial.Reported.PageCount; page++)
        {
            CheckContext.Require(
                !trial.Reported.IsSet(page) || allowed.IsSet(page),
                $"the page of {allowed.PageSize} at {new Iova(allowed.Range.Start.Value + (page << allowed.PageSize.Shift))} is reported and was not written");
        }

        return FormattableString.Invariant($"{trial.Reported.Count()} pages of {trial.Reported.PageSize}");
    }
}
