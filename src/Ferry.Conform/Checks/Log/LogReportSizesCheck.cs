using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Reports at other page sizes than the log's.</summary>
internal sealed class LogReportSizesCheck : ICheck
{
    private static readonly PageSize[] ReportSizes = [PageSize.Size4K, new(64 << 10), PageSize.Size2M];

    public string Name => "log-report-sizes";

    public string Rule => "REPORT takes any page size, whatever the log was started with, and then too every page that was written is in it.";

    public string Source => Sources.LogReport;

    public CheckNeeds Needs => CheckNeeds.Log | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        foreach (var reportSize in ReportSizes)
        {
            context.Begin($"a report at {reportSize}");
            context.BeginStimulus();
            context.Work(1);
            context.Memory.Remember();
            context.Device.StartDmaLog([context.Memory.Ram], PageSize.Size4K);
            context.Work(CheckContext.WorkPieces);
            context.Settle();
            using var reported = context.Report(context.Memory.Ram, reportSize);
            using var written = context.Written();
            CheckContext.RequireComplete(written, reported);
        }

        return null;
    }
}
