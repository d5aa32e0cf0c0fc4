using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>Work under a started log, in intervals at whose ends the device does not write.</summary>
internal sealed class LogTrial
{
    private readonly CheckContext _context;

    private LogTrial(CheckContext context, PageSize pageSize) => (_context, PageSize) = (context, pageSize);

    /// <summary>The page size of the log.</summary>
    public PageSize PageSize { get; }

    /// <summary>Starts the log of a device that is driven and has nothing to do.</summary>
    public static LogTrial Start(CheckContext context, PageSize hint)
    {
        var ram = context.Memory.Ram;
        context.BeginStimulus();
        context.Work(1);
        var pageSize = context.Device.StartDmaLog([ram], hint);
        CheckContext.Require(ram.IsAligned(pageSize), $"the log's pages of {pageSize} are larger than the range that it was asked to log, {ram}");
        return new LogTrial(context, pageSize);
    }

    /// <summary>Has the device do all the work there is room for, which writes no page twice but those of its rings, with a report while it
    /// writes and one when it has stopped.</summary>
    /// <param name="inPreCopy">Whether that is in PRE_COPY and not in RUNNING.</param>
    public LogInterval RunInterval(bool inPreCopy = false)
    {
        var ram = _context.Memory.Ram;
        if (_context.Migrates && _context.Device.GetState() != VfioDeviceState.Running)
        {
            _context.Go(VfioDeviceState.Running);
        }

        if (inPreCopy)
        {
            _context.Go(VfioDeviceState.PreCopy);
        }

        _context.Memory.Remember();
        var reported = new DirtyBitmap(ram, PageSize);
        DirtyBitmap? written = null;
        try
        {
            _context.GiveAll();
            _context.Device.ReportDmaLog(ram, PageSize, reported);
            if (inPreCopy)
            {
                _context.Finish();
                _context.Go(VfioDeviceState.Running);
            }

            _context.Settle();
            _context.Device.ReportDmaLog(ram, PageSize, reported);
            written = _context.Written();
            CheckContext.Require(written.Count() > 0, "no memory changed, so the log says nothing");
            return new LogInterval(written, reported);
        }
        catch
        {
            written?.Dispose();
            reported.Dispose();
            throw;
        }
    }
}
