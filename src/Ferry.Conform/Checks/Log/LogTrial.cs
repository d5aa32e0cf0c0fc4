using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Work under a started log: what was written, by comparison, beside what was reported.</summary>
internal sealed class LogTrial : IDisposable
{
    private LogTrial(DirtyBitmap written, DirtyBitmap reported) => (Written, Reported) = (written, reported);

    /// <summary>The pages of 4 KiB that differ from what they were when the log was started.</summary>
    public DirtyBitmap Written { get; }

    /// <summary>All that the reports said, at the page size of the log.</summary>
    public DirtyBitmap Reported { get; }

    /// <summary>Starts the log, has work done with a report after each part of it, stops the device, reports once more and compares. The log
    /// stays started.</summary>
    public static LogTrial Run(CheckContext context, PageSize hint, int rounds)
    {
        var ram = context.Memory.Ram;
        context.BeginStimulus();
        // The driver's own traces, and those of work before, are no part of it.
        context.Work(1);
        context.Memory.Remember();
        var pageSize = context.Device.StartDmaLog([ram], hint);
        CheckContext.Require(ram.IsAligned(pageSize), $"the log's pages of {pageSize} are larger than the range that it was asked to log, {ram}");
        var reported = new DirtyBitmap(ram, pageSize);
        DirtyBitmap? written = null;
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                // Reported while the device writes, and again when it has finished.
                context.GiveAll();
                context.Device.ReportDmaLog(ram, pageSize, reported);
                context.Finish();
            }

            context.Settle();
            context.Device.ReportDmaLog(ram, pageSize, reported);
            written = context.Written();
            CheckContext.Require(written.Count() > 0, "no memory changed, so the log says nothing");
            return new LogTrial(written, reported);
        }
        catch
        {
            written?.Dispose();
            reported.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Written.Dispose();
        Reported.Dispose();
    }
}
