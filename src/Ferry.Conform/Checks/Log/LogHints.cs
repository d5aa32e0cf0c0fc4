using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>The page sizes that a log is asked for.</summary>
internal static class LogHints
{
    /// <summary>Powers of two from 4 KiB to 2 MiB.</summary>
    public static IReadOnlyList<PageSize> All { get; } = [.. Enumerable.Range(12, 10).Select(shift => new PageSize(1UL << shift))];

    /// <summary>Starts and stops the log to see what it takes a hint for; null where it is refused, which log-page-sizes tells about.</summary>
    public static PageSize? TryChoose(CheckContext context, PageSize hint)
    {
        try
        {
            var chosen = context.Device.StartDmaLog([context.Memory.Ram], hint);
            context.Device.StopDmaLog();
            return chosen;
        }
        catch (CommandRefusedException)
        {
            return null;
        }
    }
}
