using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>What was reported is forgotten.</summary>
internal sealed class LogForgetsCheck : ICheck
{
    public string Name => "log-forgets";

    public string Rule => "A report clears the log of its range: a page that was not written since is not reported again.";

    public string Source => Sources.LogReport;

    public CheckNeeds Needs => CheckNeeds.ExactLog | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        context.Begin("report twice, and again after the device ran without work");
        var trial = LogTrial.Start(context, PageSize.Size4K);
        trial.RunInterval().Dispose();
        RequireEmpty(context, trial.PageSize, "at once");
        if (context.Migrates)
        {
            context.Go(VfioDeviceState.Running);
            context.Go(VfioDeviceState.Stop);
            RequireEmpty(context, trial.PageSize, "after the device ran without work");
        }

        return null;
    }

    private static void RequireEmpty(CheckContext context, PageSize pageSize, string when)
    {
        using var again = context.Report(context.Memory.Ram, pageSize);
        CheckContext.Require(again.Count() == 0, FormattableString.Invariant($"{again.Count()} pages are reported again {when}"));
    }
}
