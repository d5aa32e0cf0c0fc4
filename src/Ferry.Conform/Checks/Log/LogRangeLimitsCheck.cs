using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>How many ranges a log takes.</summary>
internal sealed class LogRangeLimitsCheck : ICheck
{
    private const int Most = 1024;

    public string Name => "log-range-limits";

    public string Rule => "A log takes as many ranges as its interface promises; beyond what it takes it refuses as a whole, and nothing is started.";

    public string Source => Sources.LogStart;

    public CheckNeeds Needs => CheckNeeds.Log;

    public string? Run(CheckContext context)
    {
        context.Begin("ever more ranges");
        var pageSize = context.Device.StartDmaLog([context.Memory.Ram], PageSize.Size4K);
        context.Device.StopDmaLog();
        var most = (int)Math.Min((ulong)Most, context.Memory.Ram.LengthBytes >> (pageSize.Shift + 1));
        var taken = 0;
        for (var count = 1; count <= most; count *= 2)
        {
            var ranges = Ranges(context, pageSize, count);
            if (CheckContext.IsRefused(() => context.Device.StartDmaLog(ranges, pageSize)))
            {
                CheckContext.Require(
                    count > context.Abilities.LeastLogRanges,
                    FormattableString.Invariant($"{count} ranges are refused, and {context.Abilities.LeastLogRanges} are promised"));
                RequireNotStarted(context, ranges[0], pageSize, count);
                return FormattableString.Invariant($"{taken} ranges, not {count}");
            }

            context.Report(ranges[^1], pageSize).Dispose();
            context.Device.StopDmaLog();
            taken = count;
        }

        return FormattableString.Invariant($"{taken} ranges or more");
    }

    private static void RequireNotStarted(CheckContext context, IovaRange range, PageSize pageSize, int count)
    {
        CheckContext.Require(
            CheckContext.IsRefused(() => context.Report(range, pageSize).Dispose()), FormattableString.Invariant($"START of {count} ranges was refused, and REPORT is answered as if it was not"));
        context.Device.StartDmaLog([range], pageSize);
        context.Device.StopDmaLog();
    }

    // Every other page.
    private static IovaRange[] Ranges(CheckContext context, PageSize pageSize, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new IovaRange(new(context.Memory.Ram.Start.Value + ((ulong)i << (pageSize.Shift + 1))), pageSize.Bytes))];
}
