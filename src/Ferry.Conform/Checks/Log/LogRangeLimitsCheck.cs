using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>How many ranges a log takes.</summary>
internal sealed class LogRangeLimitsCheck : ICheck
{
    private const int Most = 1024;
    private const ulong LongestBytes = 1UL << 40;

    public string Name => "log-range-limits";

    public string Rule => "A log takes as many ranges as its interface promises; what is more, or longer, than it takes it refuses as a whole, and nothing is started.";

    public string Source => Sources.LogStart;

    public CheckNeeds Needs => CheckNeeds.Log;

    public string? Run(CheckContext context) => $"{TryCounts(context)}; {TryLengths(context)}";

    private static string TryLengths(CheckContext context)
    {
        context.Begin("an ever longer range");
        var start = context.Memory.Ram.Start;
        var (taken, pageSize) = (0UL, PageSize.Size4K);
        for (var bytes = context.Memory.Ram.LengthBytes; bytes <= LongestBytes; bytes *= 2)
        {
            var range = new IovaRange(start, bytes);
            if (CheckContext.IsRefused(() => pageSize = context.Device.StartDmaLog([range], PageSize.Size4K)))
            {
                CheckContext.Require(taken > 0, $"a log of all memory, {range}, is refused");
                RequireNotStarted(context, context.Memory.Ram, pageSize, $"{range}");
                return FormattableString.Invariant($"a range of {taken >> 20} MiB, not {bytes >> 20}");
            }

            context.Report(context.Memory.Ram, pageSize).Dispose();
            context.Device.StopDmaLog();
            taken = bytes;
        }

        return FormattableString.Invariant($"a range of {taken >> 20} MiB or more");
    }

    private static string TryCounts(CheckContext context)
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
                RequireNotStarted(context, ranges[0], pageSize, FormattableString.Invariant($"{count} ranges"));
                return FormattableString.Invariant($"{taken} ranges, not {count}");
            }

            context.Report(ranges[^1], pageSize).Dispose();
            context.Device.StopDmaLog();
            taken = count;
        }

        return FormattableString.Invariant($"{taken} ranges or more");
    }

    private static void RequireNotStarted(CheckContext context, IovaRange range, PageSize pageSize, string what)
    {
        CheckContext.Require(
            CheckContext.IsRefused(() => context.Report(range, pageSize).Dispose()), $"START of {what} was refused, and REPORT is answered as if it was not");
        context.Device.StartDmaLog([range], pageSize);
        context.Device.StopDmaLog();
    }

    // Every other page.
    private static IovaRange[] Ranges(CheckContext context, PageSize pageSize, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new IovaRange(new(context.Memory.Ram.Start.Value + ((ulong)i << (pageSize.Shift + 1))), pageSize.Bytes))];
}
