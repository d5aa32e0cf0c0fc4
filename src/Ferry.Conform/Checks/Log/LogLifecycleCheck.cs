using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Start and stop of the log.</summary>
internal sealed class LogLifecycleCheck : ICheck
{
    public string Name => "log-lifecycle";

    public string Rule => "A log reports only between START and STOP, is started once at a time, and begins empty.";

    public string Source => Sources.LogStart;

    public CheckNeeds Needs => CheckNeeds.Log;

    public string? Run(CheckContext context)
    {
        var ram = context.Memory.Ram;
        context.Begin("report, start, start again, report, stop, report, start");
        if (context.HasStimulus)
        {
            context.BeginStimulus();
            context.Work(CheckContext.WorkPieces);
        }

        RequireNoReport(context, "before START");
        var pageSize = context.Device.StartDmaLog([ram], PageSize.Size4K);
        CheckContext.Require(CheckContext.IsRefused(() => context.Device.StartDmaLog([ram], pageSize)), "START was accepted while the log was started");
        RequireEmpty(context, pageSize, "before START");
        if (context.HasStimulus)
        {
            context.Work(CheckContext.WorkPieces);
        }

        context.Device.StopDmaLog();
        RequireNoReport(context, "after STOP");
        context.Device.StartDmaLog([ram], pageSize);
        RequireEmpty(context, pageSize, "before the second START");
        context.Device.StopDmaLog();
        return null;
    }

    private static void RequireNoReport(CheckContext context, string when) =>
        CheckContext.Require(CheckContext.IsRefused(() => context.Report(context.Memory.Ram, PageSize.Size4K).Dispose()), $"REPORT was accepted {when}");

    private static void RequireEmpty(CheckContext context, PageSize pageSize, string when)
    {
        using var reported = context.Report(context.Memory.Ram, pageSize);
        CheckContext.Require(
            !context.HasExactLog || reported.Count() == 0, FormattableString.Invariant($"{reported.Count()} pages are reported that were written {when}, or never"));
    }
}
