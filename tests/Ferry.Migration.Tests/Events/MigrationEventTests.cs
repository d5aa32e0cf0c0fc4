using System.Globalization;
using Ferry.Migration.Events;
using Ferry.Migration.Reports;
using Ferry.Migration.Tests.Engine;
using Xunit;

namespace Ferry.Migration.Tests.Events;

public sealed class MigrationEventTests
{
    [Fact]
    public void Both_sides_tell_all_that_their_reports_say()
    {
        using var pair = new Pair();
        pair.Fill();
        var (source, destination) = Listen(pair, capacity: 4096);
        var before = DateTimeOffset.UtcNow;
        var reports = pair.Run();
        pair.AssertMoved(reports);
        var (there, here) = (TakeAll(destination), TakeAll(source));

        Assert.Equal(MigrationEventKind.Began, here[0].Kind);
        Assert.InRange(DateTimeOffset.ParseExact(here[0].Detail, "O", CultureInfo.InvariantCulture), before, DateTimeOffset.UtcNow);
        Assert.Equal((MigrationEventKind.Ended, "completed", reports.Source.Downtime), (here[^1].Kind, here[^1].Name, here[^1].Elapsed));
        Assert.Equal((reports.Source.SentPages, reports.Source.ZeroPages, reports.Source.SentBytes), (here[^1].SentPages, here[^1].ZeroPages, here[^1].Bytes));
        Assert.Equal((MigrationEventKind.Ended, "running", reports.Destination.Downtime), (there[^1].Kind, there[^1].Name, there[^1].Elapsed));
        Assert.Equal(here[0].Name, there.Single(each => each.Kind == MigrationEventKind.Began).Name);
        Assert.Equal(here.Select(each => each.At).Order(), here.Select(each => each.At));
        AssertSteps(reports.Source.Steps, here);
        AssertSteps(reports.Destination.Steps, there);
        AssertStates(reports.Source.Devices, here);
        AssertStates(reports.Destination.Devices, there);
        Assert.Equal(
            reports.Source.Rounds,
            here.Where(each => each.Kind == MigrationEventKind.Round).Select(each => new RoundReport(each.Round, each.Pages, each.Bytes, each.Elapsed, each.BytesPerSecond)));
        var tracker = reports.Source.Trackers.Single();
        var read = here.Where(each => each.Kind == MigrationEventKind.TrackerRead).ToList();
        Assert.All(read, each => Assert.Equal(("test", "vcpus, nic0"), (each.Name, each.Detail)));
        Assert.Equal(tracker.DirtyPages, read.Aggregate(0UL, (sum, each) => sum + each.Pages));
        Assert.Equal(tracker.ReportTime, new TimeSpan(read.Sum(each => each.Elapsed.Ticks)));
        Assert.Equal((0, 0), (source.LostCount, destination.LostCount));
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_the_migration_goes_on()
    {
        using var pair = new Pair();
        var (source, _) = Listen(pair, capacity: 3);
        pair.AssertMoved(pair.Run());
        Assert.Equal(3, TakeAll(source).Count);
        Assert.True(source.LostCount > 3, $"{source.LostCount} were lost.");
    }

    [Fact]
    public void A_migration_that_rolls_back_says_so_and_why()
    {
        using var pair = new Pair();
        var (source, _) = Listen(pair, capacity: 4096);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        pair.AssertRolledBack(pair.Run(cancelled.Token));
        var last = TakeAll(source)[^1];
        Assert.Equal((MigrationEventKind.Ended, "rolled-back"), (last.Kind, last.Name));
        Assert.Contains("cancelled", last.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_gives_back_what_was_put_in_while_it_is_filled_by_another_thread()
    {
        const int count = 200_000;
        var buffer = new MigrationEventBuffer(7);
        var filling = Task.Run(() =>
        {
            for (var i = 0; i < count; i++)
            {
                buffer.Add(new MigrationEvent(MigrationEventKind.Step, TimeSpan.Zero, i, "step", Pages: (ulong)i));
            }
        });
        var (taken, last) = (0L, -1);
        while (!filling.IsCompleted || taken + buffer.LostCount < count)
        {
            while (buffer.TryTake(out var next))
            {
                Assert.True(next.Round > last && next.Pages == (ulong)next.Round, $"{next.Round} with {next.Pages} came after {last}.");
                (taken, last) = (taken + 1, next.Round);
            }
        }

        Assert.Equal(count, taken + buffer.LostCount);
    }

    private static (MigrationEventBuffer Source, MigrationEventBuffer Destination) Listen(Pair pair, int capacity)
    {
        var (source, destination) = (new MigrationEventBuffer(capacity), new MigrationEventBuffer(capacity));
        pair.SourceOptions = pair.SourceOptions with { Events = source };
        pair.DestinationOptions = pair.DestinationOptions with { Events = destination };
        return (source, destination);
    }

    private static List<MigrationEvent> TakeAll(MigrationEventBuffer buffer)
    {
        var all = new List<MigrationEvent>();
        while (buffer.TryTake(out var next))
        {
            all.Add(next);
        }

        return all;
    }

    private static void AssertSteps(IReadOnlyList<StepReport> steps, List<MigrationEvent> events)
    {
        // The report sums equal names up within a phase, and lists the phases one after the other.
        var told = events.Where(each => each.Kind == MigrationEventKind.Step).GroupBy(each => (each.Detail, each.Name))
            .Select(group => new StepReport(group.Key.Name, group.Count(), new TimeSpan(group.Sum(each => each.Elapsed.Ticks))));
        Assert.Equal(steps.OrderBy(each => each.Name, StringComparer.Ordinal).ThenBy(each => each.Elapsed), told.OrderBy(each => each.Name, StringComparer.Ordinal).ThenBy(each => each.Elapsed));
    }

    private static void AssertStates(IReadOnlyList<DeviceReport> devices, List<MigrationEvent> events) => Assert.All(
        devices,
        device => Assert.Equal(
            device.States.Skip(1).Select(Ferry.Linux.Vfio.VfioMigrationNames.Of),
            events.Where(each => each.Kind == MigrationEventKind.DeviceState && each.Name == device.Id).Select(each => each.Detail)));
}
