using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device that goes into ERROR on an arc, fails to report, or leaves pages out of its reports.</summary>
internal sealed class LyingDevice(string socket) : DeviceDouble(socket)
{
    private const int IoError = 5;
    private const int NotSupported = 95;
    private bool _isBroken;
    private long _pages;

    /// <summary>The state on whose way it goes into ERROR.</summary>
    public VfioDeviceState? BreaksAt { get; init; }

    /// <summary>Whether every report fails.</summary>
    public bool FailsReports { get; init; }

    /// <summary>One page in so many is left out of reports; 0 for none.</summary>
    public long DropsOneIn { get; init; }

    /// <summary>Whether it says of what it unmaps that none of it was written.</summary>
    public bool ForgetsUnmapped { get; init; }

    /// <summary>Whether it gives no dirty pages with what it unmaps, as a device may.</summary>
    public bool RefusesUnmapWithPages { get; init; }

    public override VfioDeviceState State => _isBroken ? VfioDeviceState.Error : base.State;

    public override void SetState(VfioDeviceState next)
    {
        _isBroken |= next == BreaksAt;
        if (_isBroken)
        {
            throw new VfioUserException(IoError, "a planted fault");
        }

        base.SetState(next);
    }

    public override void DmaUnmap(IovaRange range, DirtyBitmap? dirty)
    {
        if (RefusesUnmapWithPages && dirty is not null)
        {
            throw new VfioUserException(NotSupported, "not with dirty pages");
        }

        base.DmaUnmap(range, dirty);
        if (ForgetsUnmapped)
        {
            dirty?.Clear();
        }
    }

    public override void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        if (FailsReports)
        {
            throw new VfioUserException(IoError, "a planted fault");
        }

        base.ReportDmaLog(range, bitmap);
        if (DropsOneIn > 0)
        {
            foreach (var (first, count) in bitmap.Runs())
            {
                for (var page = first; page < first + count; page++)
                {
                    if (++_pages % DropsOneIn == 0)
                    {
                        bitmap.ClearPages(page, 1);
                    }
                }
            }
        }
    }
}
