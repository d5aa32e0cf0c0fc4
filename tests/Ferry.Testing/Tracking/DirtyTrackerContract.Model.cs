using CsCheck;
using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Testing.Tracking;

public abstract partial class DirtyTrackerContract
{
    private static readonly Gen<Operation[]> Operations = Gen.Select(
        Gen.Frequency((6, Gen.Const(OperationKind.Write)), (3, Gen.Const(OperationKind.Report)), (1, Gen.Const(OperationKind.Restart))),
        Gen.UInt,
        Gen.UInt,
        Gen.Int[0, 4]).Select((kind, at, length, coarser) => new Operation(kind, at, length, coarser)).Array[1, 40];

    private enum OperationKind
    {
        Write,
        Report,
        Restart,
    }

    [Fact]
    public void Any_writes_and_reports_of_any_parts_give_what_a_set_of_pages_gives() =>
        // In one thread, for trackers of one process may be in each other's way.
        Operations.Sample(operations =>
        {
            using var fixture = StartClean(out var bitmap);
            using (bitmap)
            {
                Live(fixture, operations);
            }
        }, iter: 12, threads: 1);

    [Fact]
    public void A_gap_between_started_ranges_is_not_tracked_and_can_not_be_asked_for()
    {
        using var fixture = CreateFixture();
        if (fixture.Tracker.Coverage.MaxRanges < 2)
        {
            return;
        }

        // Not on any boundary of 64 pages.
        IovaRange[] ranges = [PartOf(fixture, 3, 70), PartOf(fixture, 101, 90)];
        fixture.Tracker.Start(ranges, fixture.PageSize);
        using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
        Forget(fixture, bitmap, ranges);
        foreach (var page in (ulong[])[3, 72, 80, 101, 190])
        {
            fixture.Write(page);
        }

        foreach (var range in ranges)
        {
            fixture.Tracker.Report(range, bitmap);
        }

        AssertReported(fixture, bitmap, [3, 72, 101, 190]);
        Assert.False(bitmap.IsSet(80));
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Tracker.Report(PartOf(fixture, 80, 1), bitmap));
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Report(bitmap));
        Forget(fixture, bitmap, ranges);
        foreach (var range in ranges)
        {
            fixture.Tracker.Report(range, bitmap);
        }

        AssertReported(fixture, bitmap, []);
    }

    [Fact]
    public void Every_page_size_that_it_offers_reports_the_whole_of_the_page()
    {
        using var fixture = CreateFixture();
        foreach (var size in fixture.Tracker.Coverage.PageSizes.Where(size => size > fixture.PageSize && fixture.Range.IsAligned(size)))
        {
            fixture.Tracker.Start([fixture.Range], size);
            using var bitmap = new DirtyBitmap(fixture.Range, fixture.PageSize);
            Forget(fixture, bitmap, [fixture.Range]);
            fixture.Write(5);
            fixture.Report(bitmap);
            var pages = size.Bytes / fixture.PageSize.Bytes;
            var first = 5 / pages * pages;
            Assert.Equal(pages, bitmap.Count(first, pages));
            if (fixture.Tracker.Coverage.Precision == TrackingPrecision.Exact)
            {
                Assert.Equal(pages, bitmap.Count());
            }

            fixture.Tracker.Stop();
        }
    }

    /// <summary>Carries the operations out beside a set of the pages that are still to be reported.</summary>
    private static void Live(ITrackerFixture fixture, Operation[] operations)
    {
        var pending = new HashSet<ulong>();
        foreach (var operation in operations)
        {
            var first = operation.At % fixture.PageCount;
            switch (operation.Kind)
            {
                case OperationKind.Write:
                    fixture.Write(first);
                    pending.Add(first);
                    break;
                case OperationKind.Report:
                    Report(fixture, pending, first, 1 + (operation.Length % (fixture.PageCount - first)), operation.Coarser);
                    break;
                case OperationKind.Restart:
                    fixture.Tracker.Stop();
                    fixture.Tracker.Start([fixture.Range], fixture.PageSize);
                    using (var all = new DirtyBitmap(fixture.Range, fixture.PageSize))
                    {
                        Forget(fixture, all, [fixture.Range]);
                    }

                    pending.Clear();
                    break;
            }
        }

        Report(fixture, pending, 0, fixture.PageCount, 0);
    }

    private static void Report(ITrackerFixture fixture, HashSet<ulong> pending, ulong first, ulong count, int coarser)
    {
        var part = PartOf(fixture, first, count);
        using var bitmap = new DirtyBitmap(fixture.Range, new PageSize(fixture.PageSize.Bytes << coarser));
        fixture.Tracker.Report(part, bitmap);
        var expected = pending.Where(page => page >= first && page - first < count).Select(page => page >> coarser).ToHashSet();
        AssertReported(fixture, bitmap, expected);
        if (fixture.Tracker is IDeferredClear deferred)
        {
            // Pages that were not written may be taken too; those of another part stay pending.
            using var taken = new DirtyBitmap(part, fixture.PageSize);
            taken.SetAll();
            deferred.Take(part, taken);
        }

        pending.RemoveWhere(page => page >= first && page - first < count);
    }

    private static IovaRange PartOf(ITrackerFixture fixture, ulong first, ulong count) =>
        new(new(fixture.Range.Start.Value + (first * fixture.PageSize.Bytes)), count * fixture.PageSize.Bytes);

    /// <summary>Takes all pages, where a tracker begins with all of them reported; the bitmap is empty afterwards.</summary>
    private static void Forget(ITrackerFixture fixture, DirtyBitmap bitmap, IReadOnlyList<IovaRange> ranges)
    {
        if (fixture.Tracker is IDeferredClear deferred)
        {
            bitmap.SetAll();
            foreach (var range in ranges)
            {
                deferred.Take(range, bitmap);
            }
        }

        bitmap.Clear();
    }

    private sealed record Operation(OperationKind Kind, ulong At, ulong Length, int Coarser);
}
