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
    public void A_dirty_ring_that_fills_up_stops_nothing_for_good()
    {
        using var machine = TestMachines.Start(TestMachines.Options(AcceleratorKind.Kvm) with { Tracking = VcpuTracking.Ring, DirtyBytesPerSecond = null });
        Assert.SkipUnless(machine.VcpuTrackerProblem is null, machine.VcpuTrackerProblem ?? "");
        var range = machine.Memory.Regions[0].Range;
        machine.Trackers[0].Start([range], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);

        // Each report protects the pages again, so that each is entered once more; nobody else takes from the ring.
        for (var round = 0; round < 5; round++)
        {
            TestMachines.WaitForTransfers(machine, machine.GetProgress().Transfers + 500);
            machine.Trackers[0].Report(range, bitmap);
        }

        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }
}
