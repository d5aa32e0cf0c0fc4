using Ferry.Conform.Stimuli;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Checks;

// What makes the device write.
internal sealed partial class CheckContext
{
    /// <summary>So many pieces are done where it does not matter how many.</summary>
    public const int WorkPieces = 96;

    private static readonly TimeSpan LogSettleTime = TimeSpan.FromMilliseconds(10);

    /// <summary>Sets the device up to be driven, in RUNNING, with memory that holds nothing of what was before.</summary>
    public void BeginStimulus(bool toPeer = false)
    {
        Memory.Fill();
        try
        {
            Stimulus.Begin(Device, Memory, toPeer);
        }
        catch (StimulusException e)
        {
            throw Fail(e.Message);
        }
    }

    /// <summary>Has the interrupts of the work counted; null where it raises none. The caller's to dispose.</summary>
    public EventFile? ListenToInterrupts()
    {
        if (Stimulus.InterruptIndex is not { } index)
        {
            return null;
        }

        var interrupts = new EventFile();
        try
        {
            Device.SetInterrupt(index, interrupts);
            return interrupts;
        }
        catch
        {
            interrupts.Dispose();
            throw;
        }
    }

    /// <summary>Gives all the work for which there is room, and does not wait.</summary>
    public int GiveAll() => Stimulus.Give(int.MaxValue);

    /// <summary>How many pieces are not finished; the device is not touched.</summary>
    public int CountOutstanding() => Stimulus.CountOutstanding();

    /// <summary>Has so many pieces done.</summary>
    public void Work(int pieces)
    {
        for (var left = pieces; left > 0; Finish())
        {
            left -= Stimulus.Give(left);
        }
    }

    /// <summary>Waits until everything that was given is done.</summary>
    public void Finish() => WaitForWork(
        () => Stimulus.CountOutstanding() == 0,
        () => FormattableString.Invariant($"the device left {Stimulus.CountOutstanding()} pieces of work undone for {options.WorkTime.TotalSeconds} s"));

    /// <summary>Has the device write no more, so that what it wrote can be compared with what it says.</summary>
    public void Settle()
    {
        Finish();
        if (Migrates)
        {
            Go(VfioDeviceState.Stop);
        }
        else
        {
            Thread.Sleep(LogSettleTime);
        }
    }

    /// <summary>The pages that were written since the copy was taken, by comparison; the caller's to dispose.</summary>
    public DirtyBitmap Written()
    {
        var written = Memory.ChangedRam();
        Device.Trace.Note(FormattableString.Invariant($"memory differs from its copy in {written.Count()} pages of 4K"));
        return written;
    }

    /// <summary>Reports a range at a page size; the caller's to dispose.</summary>
    public DirtyBitmap Report(IovaRange range, PageSize pageSize)
    {
        var reported = new DirtyBitmap(range, pageSize);
        try
        {
            Device.ReportDmaLog(range, pageSize, reported);
            return reported;
        }
        catch
        {
            reported.Dispose();
            throw;
        }
    }

    /// <summary>Fails where a page was written that is not reported.</summary>
    public static void RequireComplete(DirtyBitmap written, DirtyBitmap reported)
    {
        foreach (var (first, count) in written.Runs())
        {
            for (var page = first; page < first + count; page++)
            {
                var at = new Iova(written.Range.Start.Value + (page << written.PageSize.Shift));
                Require(
                    !reported.Range.Contains(new(at, written.PageSize.Bytes)) || reported.IsSet(reported.PageOf(at)),
                    $"the page at {at} was written and is not reported at {reported.PageSize}");
            }
        }
    }
}
