using Ferry.Machine;
using Ferry.Machine.Programs;
using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Lab.Checks;

/// <summary>A machine of Ferry's runs on the lab's KVM, nested, and the tracker of its vCPU reports what it changed.</summary>
internal sealed class NestedKvmCheck(string tracker, VcpuTracking tracking) : ILabCheck
{
    private const int Rounds = 3;

    private const int PagesOfTransfer = 2;

    // Three levels, of one page each in a machine this small.
    private const ulong PageTableBytes = 3 << 12;

    /// <inheritdoc/>
    public string Name => $"machine-{tracker}";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var machine = GuestMachine.Create(new()
        {
            MemoryBytes = 32 << 20,
            Accelerator = AcceleratorKind.Kvm,
            Tracking = tracking,
            WorkingSetBytes = 1 << 20,
            NicWorkingSetBytes = 1 << 20,
        });
        var started = machine.Trackers.Single(each => each.Coverage.Sources?.Contains(DmaSource.Vcpus) == true);
        LabContext.Require(started.Name == tracker, $"the tracker of vCPUs is {started.Name}: {machine.VcpuTrackerProblem}");
        machine.LoadProgram();
        var range = machine.Memory.Regions[0].Range;
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        RunFor(machine, 50);
        started.Start([range], PageSize.Size4K);
        started.Report(range, bitmap);
        (started as IDeferredClear)?.Take(range, bitmap);
        var total = 0;
        for (var round = 0; round < Rounds; round++)
        {
            bitmap.Clear();
            var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
            RunFor(machine, 50);
            started.Report(range, bitmap);
            (started as IDeferredClear)?.Take(range, bitmap);
            total += Compare(bitmap, before, machine.Memory.GetSpan(new(0), before.Length));
        }

        started.Stop();
        machine.ResumeVcpus();
        var check = machine.SelfCheck(TimeSpan.FromSeconds(20), CancellationToken.None);
        machine.PauseVcpus();
        LabContext.Require(check.Passed, $"the program's own check: {check}");
        return $"{total} changed pages in {Rounds} rounds, all reported; {check.Transfers} transfers";
    }

    private static void RunFor(GuestMachine machine, ulong transfers)
    {
        var until = machine.GetProgress().Transfers + transfers;
        machine.ResumeVcpus();
        LabContext.WaitFor(() => machine.GetProgress() is var progress && progress.Fault is null && progress.Transfers >= until, $"{transfers} transfers");
        machine.PauseVcpus();
    }

    /// <summary>How many pages changed; they are set, and of the others only such as are written with what they hold: the vCPU's control block, and the
    /// page tables, whose walk by the processor counts as a write where page tables are nested. Two more may be set, those of a transfer that the pause came into: KVM marks a page dirty when
    /// it maps it writable, be the first access a read, and before the write that it was mapped for is done.</summary>
    private static int Compare(DirtyBitmap bitmap, ReadOnlySpan<byte> before, ReadOnlySpan<byte> now)
    {
        var pageBytes = (int)PageSize.Size4K.Bytes;
        var changed = 0;
        var mapped = 0;
        for (var page = 0; page * pageBytes < before.Length; page++)
        {
            if (!now.Slice(page * pageBytes, pageBytes).SequenceEqual(before.Slice(page * pageBytes, pageBytes)))
            {
                changed++;
                LabContext.Require(bitmap.IsSet((ulong)page), $"page {page} changed and was not reported");
            }
            else if (bitmap.IsSet((ulong)page) && !MayBeWrittenUnchanged(page))
            {
                LabContext.Require(mapped++ < PagesOfTransfer, $"page {page} did not change and was reported, the third of them");
            }
        }

        LabContext.Require(changed > 10, $"{changed} pages changed");
        return changed;
    }

    private static bool MayBeWrittenUnchanged(int page) =>
        (ulong)page * PageSize.Size4K.Bytes is LedgerLayout.ControlBlocks or (>= LedgerLayout.PageTables and < LedgerLayout.PageTables + PageTableBytes);
}
