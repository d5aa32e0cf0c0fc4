using System.Globalization;
using Ferry.Bench.Design;
using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;
using Ferry.Cli.Commands;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;

namespace Ferry.Cli.Benching;

/// <summary>One bench, from what was there before to what is kept.</summary>
/// <param name="parts">What it is made with.</param>
/// <param name="order">What it was asked to be.</param>
/// <param name="isOwnDevice">Whether the device is the bench's own.</param>
/// <param name="board">Where it tells how far it is.</param>
internal sealed class BenchSession(IBenchParts parts, BenchOrder order, bool isOwnDevice, BenchBoard board)
{
    private readonly HostFacts _host = HostReader.Read();
    private readonly List<string> _notes = [];

    /// <summary>The points that it would measure, in order, and of how many.</summary>
    /// <exception cref="UsageException">What was asked for can't be.</exception>
    public (IReadOnlyList<BenchPoint> Points, BenchScope Scope, BenchScale Scale, CostProfile? Before) Plan()
    {
        var before = FindBefore();
        var available = AvailableBytes();
        if (available < BenchScale.LeastMemoryBytes * 6)
        {
            throw new UsageException($"bench: {SizeText.ForPeople(available)} of memory is available, and it needs {SizeText.ForPeople(BenchScale.LeastMemoryBytes * 6)}");
        }

        var scale = order.Scale(available, before);
        if (scale.MemoryBytes > available / 3)
        {
            throw new UsageException($"--memory: {SizeText.Exact(scale.MemoryBytes)} is needed up to three times, and {SizeText.ForPeople(available)} is available");
        }

        board.Say("looking at what there is to measure");
        var scope = BenchProbe.Find(parts, _host, isOwnDevice, Note);
        scope = scope with { Links = [.. LinkNames.All.Where(link => CanShape(link.Key, link.Value)).Select(link => link.Key)] };
        BenchPoint[] all = [.. BenchDesign.Of(scope, scale)];
        BenchPoint[] wanted = [.. all.Where(order.Wants)];
        return wanted.Length == 0
            ? throw new UsageException($"--only: none of {string.Join(", ", order.Only)} can be measured here: {string.Join("; ", _notes)}")
            : (BenchDesign.InOrder(wanted, order.Seed), scope, scale, before);
    }

    /// <summary>Measures, and keeps what is measured whatever happens.</summary>
    public BenchResult Run(CancellationToken cancellation)
    {
        var (points, scope, scale, before) = Plan();
        // A part of a whole profile is asked for so that it is measured anew.
        var goesOn = before is { IsComplete: false };
        CostSample[] kept = [.. (before?.Samples ?? []).Where(sample => goesOn || !points.Any(point => point.Experiment == sample.Experiment && point.Dimensions == sample.Dimensions))];
        BenchPoint[] left = [.. points.Where(point => !kept.Any(point.IsMeasuredBy))];
        board.Say(string.Create(CultureInfo.InvariantCulture, $"{left.Length} points, {points.Count - left.Length} of {points.Count} are there already; memory {SizeText.Exact(scale.MemoryBytes)}, seed {order.Seed}"));
        var store = new ProfileStore(order.Path, Began(before), kept);
        _notes.ForEach(store.Note);
        Prepare(store);
        var problem = Measure(new BenchRunner(parts, scope, scale) { OnProgress = board.Show }, left, store, cancellation);
        return Finish(store, points, problem, isWhole: problem is null && (order.Only.Count == 0 || before is { IsComplete: true }));
    }

    private string? Measure(BenchRunner runner, BenchPoint[] points, ProfileStore store, CancellationToken cancellation)
    {
        try
        {
            runner.Run(points, sample => Keep(store, sample), note => { Note(note); store.Note(note); }, cancellation);
            return null;
        }
        catch (OperationCanceledException)
        {
            return "interrupted";
        }
        catch (BenchException e)
        {
            return cancellation.IsCancellationRequested ? "interrupted" : e.Message;
        }
    }

    private BenchResult Finish(ProfileStore store, IReadOnlyList<BenchPoint> points, string? problem, bool isWhole)
    {
        var measured = points.Count(point => store.Samples.Any(point.IsMeasuredBy));
        if (store.Samples.Count == 0)
        {
            File.Delete(ProfileStore.PartialOf(order.Path));
            return new BenchResult(store.Current(isComplete: false), null, points.Count, measured, problem ?? "nothing could be measured");
        }

        try
        {
            return new BenchResult(store.Current(isWhole), store.Finish(isWhole), points.Count, measured, problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var partial = ProfileStore.PartialOf(order.Path);
            return new BenchResult(store.Current(isComplete: false), File.Exists(partial) ? partial : null, points.Count, measured, problem ?? $"{order.Path}: {e.Message}");
        }
    }

    private static void Keep(ProfileStore store, CostSample sample)
    {
        try
        {
            store.Add(sample);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"the profile can't be written: {e.Message}; make room and run the same command again, which goes on from what is kept", e);
        }
    }

    // Before minutes are spent on what nobody could keep.
    private void Prepare(ProfileStore store)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(order.Path))!);
            store.Keep();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--out: {order.Path} can't be written: {e.Message}");
        }
    }

    private CostProfile Began(CostProfile? before) => new()
    {
        FerryVersion = LatestProfile.FerryVersion,
        CreatedAt = before?.CreatedAt ?? DateTimeOffset.UtcNow,
        Host = _host,
        Samples = [],
        Costs = [],
    };

    private CostProfile? FindBefore()
    {
        if (order.Resume is { } file)
        {
            if (!File.Exists(file))
            {
                throw new UsageException($"--resume: there is no {file}");
            }

            var profile = ProfileFile.Read(file);
            return LatestProfile.WhyNot(profile, _host) is { } why ? throw new UsageException($"--resume: {file} was {why}; measure anew without it") : profile;
        }

        if (order.IsFresh)
        {
            return null;
        }

        return Usable(ProfileStore.PartialOf(order.Path)) ?? (Usable(order.Path) is { } there && (!there.IsComplete || order.Only.Count > 0) ? there : null);
    }

    private CostProfile? Usable(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var profile = ProfileFile.Read(path);
            if (LatestProfile.WhyNot(profile, _host) is not { } why)
            {
                return profile;
            }

            board.Say($"{path} was {why}: everything is measured anew");
        }
        catch (ProfileException e)
        {
            board.Say($"{e.Message}: everything is measured anew");
        }

        return null;
    }

    private bool CanShape(string name, double bytesPerSecond)
    {
        if (!order.Wants(new BenchPoint(ExperimentNames.Migration, new SampleDimensions { Provider = "device", PageSizeBytes = 4096, MemoryBytes = 1, Link = name }, 1, 0)))
        {
            return false;
        }

        try
        {
            ShapedLink.Create(bytesPerSecond).Dispose();
            return true;
        }
        catch (IOException e)
        {
            Note($"link {name}: {e.Message}; migrations over it are left out");
            return false;
        }
    }

    private void Note(string note)
    {
        _notes.Add(note);
        board.Say($"not measured: {note}");
    }

    private static ulong AvailableBytes()
    {
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(each => each.StartsWith("MemAvailable:", StringComparison.Ordinal));
        var available = line is not null && ulong.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes << 10 : ulong.MaxValue;
        // A limit of the control group counts as well.
        return Math.Min(available, (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }
}
