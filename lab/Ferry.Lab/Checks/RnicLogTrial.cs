using Ferry.Lab.Devices;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>Writes of a device that are known to have happened, since memory differs from a copy, against what its log reports of them.</summary>
internal sealed class RnicLogTrial(ContainedRnic rnic, PageSize logPageSize, int seed) : IDisposable
{
    private const int Rounds = 4;
    private static readonly IovaRange All = ContainedRnic.Range;
    private readonly Random _random = new(seed);
    private readonly DirtyBitmap _reported = new(All, logPageSize);

    /// <summary>The pages that were written in all rounds.</summary>
    public ulong WrittenPages { get; private set; }

    /// <summary>How many of them were in no report of their round.</summary>
    public ulong MissedPages { get; private set; }

    /// <summary>How many pages of the log's size were reported though nothing was written there.</summary>
    public ulong AddedPages { get; private set; }

    /// <summary>How many pages were reported once more where nothing was written since.</summary>
    public ulong RepeatedPages { get; private set; }

    /// <summary>The reports that were made while the device wrote.</summary>
    public int ReportsBesideWrites { get; private set; }

    /// <summary>Runs all rounds under a log that is started: writes to a few pages and across their borders, with reports beside them.</summary>
    public void Run()
    {
        for (var round = 0; round < Rounds; round++)
        {
            _reported.Clear();
            rnic.Remember();
            WriteAndReport();
            rnic.Device.ReportDmaLog(All, logPageSize, _reported.Words);
            Compare();
            _reported.Clear();
            rnic.Device.ReportDmaLog(All, logPageSize, _reported.Words);
            RepeatedPages += _reported.Count();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reported.Dispose();

    // A buffer in each part of the range, at a page or in the middle of one, so that messages end in the next; the last page is one of them.
    private void WriteAndReport()
    {
        const ulong PartPages = 16;
        for (ulong part = 0; part < RnicDriver.Entries; part++)
        {
            var isLast = part == RnicDriver.Entries - 1;
            var page = (part * PartPages) + (isLast ? PartPages - 1 : (ulong)_random.Next((int)PartPages - 1));
            var shift = isLast ? 0UL : (ulong)_random.Next(2) * 2048;
            rnic.Driver.Post(new(All.Start.Value + (page << PageSize.Size4K.Shift) + shift));
        }

        rnic.Driver.Ring();
        do
        {
            rnic.Device.ReportDmaLog(All, logPageSize, _reported.Words);
            ReportsBesideWrites++;
            rnic.Driver.WaitForNext();
        }
        while (rnic.Driver.Outstanding > 0);
    }

    private void Compare()
    {
        using var written = rnic.Changed();
        using var allowed = new DirtyBitmap(All, logPageSize);
        allowed.Or(written);
        WrittenPages += written.Count();
        foreach (var (first, count) in written.Runs())
        {
            for (var page = first; page < first + count; page++)
            {
                MissedPages += _reported.IsSet(page >> (logPageSize.Shift - PageSize.Size4K.Shift)) ? 0UL : 1;
            }
        }

        for (ulong page = 0; page < _reported.PageCount; page++)
        {
            AddedPages += _reported.IsSet(page) && !allowed.IsSet(page) ? 1UL : 0;
        }
    }
}
