using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>No write is missing in the log.</summary>
internal sealed class LogCompleteCheck : ICheck
{
    private const int Intervals = 6;

    public string Name => "log-complete";

    public string Rule => "Every page that the device wrote is in a report, at each page size that it logs at, also what it wrote in PRE_COPY, during a report, and what was reported before.";

    public string Source => Sources.LogReport;

    public CheckNeeds Needs => CheckNeeds.Log | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        var sizes = new List<PageSize>();
        var pages = 0UL;
        foreach (var hint in LogHints.All)
        {
            context.Begin($"writes under a log of {hint}");
            if (LogHints.TryChoose(context, hint) is not { } chosen || sizes.Contains(chosen))
            {
                continue;
            }

            sizes.Add(chosen);
            context.Begin($"writes under a log of {chosen}");
            var trial = LogTrial.Start(context, chosen);
            for (var i = 0; i < Intervals; i++)
            {
                using var interval = trial.RunInterval(inPreCopy: context.HasPreCopy && i % 2 == 1);
                CheckContext.RequireComplete(interval.Written, interval.Reported);
                pages += interval.Written.Count();
            }
        }

        return FormattableString.Invariant($"{pages} pages written, at page sizes {string.Join(", ", sizes)}");
    }
}
