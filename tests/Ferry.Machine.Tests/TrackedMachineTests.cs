using Ferry.Machine.Programs;
using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>What a running program writes is what the machine's tracker of vCPU writes reports.</summary>
public sealed class TrackedMachineTests
{
    private const ulong ControlBlocks = LedgerLayout.ControlBlocks >> 12;

    [Theory]
    [InlineData(AcceleratorKind.Kvm, VcpuTracking.Log, 1)]
    [InlineData(AcceleratorKind.Kvm, VcpuTracking.Log, 2)]
    [InlineData(AcceleratorKind.Kvm, VcpuTracking.Ring, 1)]
    [InlineData(AcceleratorKind.Kvm, VcpuTracking.Ring, 2)]
    [InlineData(AcceleratorKind.Thread, VcpuTracking.Log, 1)]
    [InlineData(AcceleratorKind.Thread, VcpuTracking.Log, 2)]
    public void Every_page_that_the_program_changed_is_reported_and_no_other(AcceleratorKind accelerator, VcpuTracking tracking, int vcpus)
    {
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus) with { Tracking = tracking });
        Assert.SkipUnless(machine.VcpuTrackerProblem is null, machine.VcpuTrackerProblem ?? "");
        var tracker = machine.Trackers.Single(candidate => candidate.Coverage.Sources is { } sources && sources.Contains(DmaSource.Vcpus));
        var range = machine.Memory.Regions[0].Range;
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        TestMachines.WaitForTransfers(machine, 50);
        machine.PauseVcpus();
        tracker.Start([range], PageSize.Size4K);
        tracker.Report(range, bitmap);
        (tracker as IDeferredClear)?.Take(range, bitmap);
        for (var round = 0; round < 3; round++)
        {
            bitmap.Clear();
            var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
            var transfers = machine.GetProgress().Transfers;
            machine.ResumeVcpus();
            TestMachines.WaitForTransfers(machine, transfers + 20);
            machine.PauseVcpus();
            tracker.Report(range, bitmap);
            (tracker as IDeferredClear)?.Take(range, bitmap);
            var reported = new HashSet<ulong>();
            foreach (var (first, count) in bitmap.Runs())
            {
                for (ulong i = 0; i < count; i++)
                {
                    reported.Add(first + i);
                }
            }

            var changed = TestMachines.FindChanged(machine, before);
            Assert.True(changed.Count > 10, $"{changed.Count} pages changed");
            Assert.Empty(changed.Except(reported));

            // A turn without work writes its control block too, with what it holds already.
            Assert.All(reported.Except(changed), page => Assert.InRange(page, ControlBlocks, ControlBlocks + (ulong)vcpus - 1));
        }

        tracker.Stop();
    }

    [Fact]
    public void A_ring_smaller_than_what_is_written_between_reports_loses_no_page()
    {
        using var machine = StartOnRing(turnsPerHarvest: 1);
        var range = machine.Memory.Regions[0].Range;
        var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
        machine.Trackers[0].Start([range], PageSize.Size4K);
        machine.ResumeVcpus();
        TestMachines.WaitForTransfers(machine, machine.GetProgress().Transfers + 3000);
        machine.PauseVcpus();
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        machine.Trackers[0].Report(range, bitmap);
        var changed = TestMachines.FindChanged(machine, before);
        Assert.True(changed.Count > 1500, $"{changed.Count} pages changed");
        Assert.All(changed, page => Assert.True(bitmap.IsSet(page), $"page {page} is missing"));
        machine.ResumeVcpus();
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    [Fact]
    public void A_ring_that_overflowed_is_reported_as_every_page_dirty()
    {
        using var machine = StartOnRing(turnsPerHarvest: uint.MaxValue);
        var range = machine.Memory.Regions[0].Range;
        machine.Trackers[0].Start([range], PageSize.Size4K);
        machine.ResumeVcpus();
        TestMachines.WaitFor(machine, progress => progress.Fault is not null || progress.Transfers > 3000);
        machine.PauseVcpus();
        Assert.SkipUnless(machine.GetProgress().Fault is not null, "this KVM stops a vCPU before its dirty ring overflows");
        Assert.Contains("ring", machine.GetProgress().Fault!, StringComparison.Ordinal);
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        Assert.Throws<TrackerFailedException>(() => machine.Trackers[0].Report(range, bitmap));
        Assert.Equal(range.LengthBytes >> PageSize.Size4K.Shift, bitmap.Count());
    }

    /// <summary>A paused machine that writes more pages than its ring has entries.</summary>
    private static GuestMachine StartOnRing(uint turnsPerHarvest)
    {
        var machine = TestMachines.Start(TestMachines.Options(AcceleratorKind.Kvm) with
        {
            Tracking = VcpuTracking.Ring,
            DirtyRingEntries = 1024,
            TurnsPerHarvest = turnsPerHarvest,
            WorkingSetBytes = 8 << 20,
            DirtyBytesPerSecond = null,
        });
        Assert.SkipUnless(machine.VcpuTrackerProblem is null, machine.VcpuTrackerProblem ?? "");
        machine.PauseVcpus();
        return machine;
    }
}
