using Ferry.Bench.Profiles;

namespace Ferry.Bench.Design;

/// <summary>Which points are measured: a centre for each tracker and page size, lines from there along one dimension each, and the crossings
/// that the cost model needs. docs/bench.md says why.</summary>
internal sealed class BenchDesign
{
    /// <summary>The message size at the centre.</summary>
    public const ulong CentreMessageBytes = 4096;

    private const string Off = "off", Mediated = "mediated";
    private const double MigrationSeconds = 3.5;

    private readonly BenchScope _scope;
    private readonly BenchScale _scale;
    private readonly List<BenchPoint> _points = [];

    private BenchDesign(BenchScope scope, BenchScale scale) => (_scope, _scale) = (scope, scale);

    // Messages of a mediated device take so long that it writes less in the time.
    private ulong MediatedBytes => Math.Min(_scale.WorkingSetBytes, _scale.SparseBytes * 4);

    /// <summary>The points of all experiments, in the order of their description.</summary>
    public static IReadOnlyList<BenchPoint> Of(BenchScope scope, BenchScale scale)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(scale);
        var design = new BenchDesign(scope, scale);
        design.AddDeviceReports();
        if (scope.IsDriven)
        {
            design.AddReportLines();
            design.AddDeviceSlowdowns();
        }

        design.AddGuests();
        design.AddMigrations();
        return [.. design._points.DistinctBy(point => (point.Experiment, point.Dimensions))];
    }

    /// <summary>The points in the order in which they are measured: blocks that need the same set-up in random order, and each one's points too.</summary>
    public static IReadOnlyList<BenchPoint> InOrder(IEnumerable<BenchPoint> points, int seed)
    {
        var random = new Random(seed);
        BenchPoint[][] blocks = [.. points.GroupBy(point => point.Block).Select(block => block.ToArray())];
        random.Shuffle(blocks);
        Array.ForEach(blocks, random.Shuffle);
        return [.. blocks.SelectMany(block => block)];
    }

    private IEnumerable<(string Provider, ulong Size)> Trackers => _scope.DeviceProviders.SelectMany(each => Sizes(each.Value).Select(size => (each.Key, size)));

    // 4K, 16K, 64K, 256K and 2M of those that are there; each power of two where there is time.
    private IEnumerable<ulong> Sizes(IReadOnlyList<ulong> sizes) =>
        sizes.Where(size => size <= 2 << 20 && (_scale.IsThorough || sizes.Count <= 3 || size is 4096 or 16384 or 65536 or 262144 or 2097152));

    private SampleDimensions At(string provider, ulong size, ulong workingSet) =>
        new() { Provider = provider, PageSizeBytes = size, MemoryBytes = _scale.MemoryBytes, WorkingSetBytes = workingSet, MessageBytes = _scope.IsDriven ? Message(CentreMessageBytes) : 0 };

    private ulong Message(ulong wanted) => _scope.MessageSizes.MinBy(size => Math.Abs((double)size - wanted));

    // A constant, what memory adds, and what pages add can be told apart by these four; two of them differ in each alone.
    private void AddDeviceReports()
    {
        foreach (var (provider, size) in Trackers)
        {
            AddReport(At(provider, size, 0));
            AddReport(At(provider, size, 0) with { MemoryBytes = _scale.SmallMemoryBytes });
            if (_scope.IsDriven)
            {
                AddReport(At(provider, size, _scale.SparseBytes));
                AddReport(At(provider, size, provider == Mediated ? MediatedBytes : _scale.WorkingSetBytes));
            }
        }
    }

    private void AddReportLines()
    {
        if (!_scope.DeviceProviders.TryGetValue("device", out var sizes))
        {
            return;
        }

        // Page size against pattern is a crossing: what a coarse page adds depends on where writes lie.
        foreach (var size in (ulong[])[.. new[] { sizes[0], Sizes(sizes).ElementAt(Sizes(sizes).Count() / 2), sizes[^1] }.Distinct()])
        {
            AddReport(At("device", size, _scale.WorkingSetBytes) with { Pattern = AccessPattern.Sequential });
            AddReport(At("device", size, _scale.WorkingSetBytes) with { Pattern = AccessPattern.Skewed });
        }

        var centre = At("device", sizes[0], _scale.WorkingSetBytes);
        foreach (var ranges in _scale.IsThorough ? (int[])[2, 4, 16, 64] : [4, 16])
        {
            AddReport(centre with { RangeCount = ranges });
        }

        foreach (var message in _scope.MessageSizes)
        {
            AddReport(centre with { MessageBytes = message });
        }

        foreach (var workingSet in _scale.IsThorough ? [_scale.SmallWorkingSetBytes, _scale.LargeWorkingSetBytes] : (ulong[])[_scale.LargeWorkingSetBytes])
        {
            AddReport(centre with { WorkingSetBytes = workingSet });
        }

        if (_scope.HasP2P)
        {
            AddReport(centre with { SyncInP2P = true });
        }
    }

    private void AddDeviceSlowdowns()
    {
        AddSlowdown(At(Off, 0, _scale.WorkingSetBytes));
        AddWatching(At(Off, 0, _scale.WorkingSetBytes), isGuest: false);
        foreach (var (provider, size) in Trackers)
        {
            AddSlowdown(At(provider, size, _scale.WorkingSetBytes));
            if (provider == Mediated && size == _scope.DeviceProviders[provider][0])
            {
                // What a mediated device can do at all is told by its messages' size.
                AddSlowdown(At(provider, size, _scale.WorkingSetBytes) with { MessageBytes = Message(65536) });
            }
        }

        if (!_scope.DeviceProviders.TryGetValue("device", out var sizes))
        {
            return;
        }

        var centre = At("device", sizes[0], _scale.WorkingSetBytes);
        AddSlowdown(centre with { Pattern = AccessPattern.Sequential }, isLine: true);
        AddSlowdown(centre with { Pattern = AccessPattern.Skewed }, isLine: true);
        AddSlowdown(centre with { WorkingSetBytes = _scale.SmallWorkingSetBytes }, isLine: true);
        AddSlowdown(centre with { WorkingSetBytes = _scale.LargeWorkingSetBytes }, isLine: true);
        AddSlowdown(centre with { RangeCount = 16 }, isLine: true);
        foreach (var message in _scope.MessageSizes)
        {
            AddSlowdown(centre with { MessageBytes = message }, isLine: true);
        }

        foreach (var rate in !_scope.HasRates ? [] : _scale.IsThorough ? (ulong[])[16 << 20, 64 << 20, 256 << 20] : [64 << 20])
        {
            AddSlowdown(centre with { DirtyBytesPerSecond = rate }, isLine: true);
        }

        if (_scope.HasP2P)
        {
            AddSlowdown(centre with { SyncInP2P = true }, isLine: true);
        }
    }

    private void AddGuests()
    {
        foreach (var provider in _scope.GuestProviders)
        {
            var centre = At(provider, 4096, _scale.WorkingSetBytes) with { MessageBytes = 0 };
            AddReport(centre with { WorkingSetBytes = 0 }, isGuest: true);
            AddReport(centre with { WorkingSetBytes = 0, MemoryBytes = _scale.SmallMemoryBytes }, isGuest: true);
            AddReport(centre with { WorkingSetBytes = _scale.SmallWorkingSetBytes }, isGuest: true);
            AddReport(centre, isGuest: true);
            AddSlowdown(centre, isGuest: true);
            if (provider == _scope.GuestProviders[0] || _scale.IsThorough)
            {
                AddSlowdown(centre with { WorkingSetBytes = _scale.SmallWorkingSetBytes }, isGuest: true, isLine: true);
                AddSlowdown(centre with { WorkingSetBytes = _scale.LargeWorkingSetBytes }, isGuest: true, isLine: true);
                AddSlowdown(centre with { DirtyBytesPerSecond = 64 << 20 }, isGuest: true, isLine: true);
            }
        }

        if (_scope.GuestProviders.Count > 0)
        {
            var off = At(Off, 0, _scale.WorkingSetBytes) with { MessageBytes = 0 };
            AddSlowdown(off, isGuest: true);
            AddWatching(off, isGuest: true);
        }
    }

    // Idle and small, with hashes and without, idle and large, two that work: what is constant, what bytes add, and what devices add. One under
    // a limit, whose rounds become shorter and shorter: what rounds add. Those over links are not used for any cost.
    private void AddMigrations()
    {
        if (_scope.MigrationVcpus is null)
        {
            return;
        }

        var mebi = _scale.MemoryBytes / 1024;
        var idle = new SampleDimensions { Provider = "device", PageSizeBytes = 4096, MemoryBytes = _scale.MemoryBytes, Pattern = AccessPattern.Sequential, MessageBytes = 4096, DirtyBytesPerSecond = 0 };
        AddMigration(idle with { DataBytes = 16 * mebi });
        AddMigration(idle with { DataBytes = 16 * mebi, Verify = true });
        AddMigration(idle with { DataBytes = 512 * mebi, Verify = true });
        var working = idle with
        {
            DataBytes = 128 * mebi,
            GuestWorkingSetBytes = 32 * mebi,
            GuestDirtyBytesPerSecond = 8 * mebi,
            WorkingSetBytes = 32 * mebi,
            DirtyBytesPerSecond = 16 * mebi,
        };
        var coarse = working with { PageSizeBytes = 2 << 20, MessageBytes = 65536, DirtyBytesPerSecond = 32 * mebi, WorkingSetBytes = 64 * mebi };
        AddMigration(working);
        AddMigration(coarse);
        AddMigration(working with { DataBytes = 32 * mebi, LimitBytesPerSecond = 64 * mebi });
        foreach (var link in _scope.Links)
        {
            AddMigration(working with { Link = link });
            AddMigration(working with { Link = link, PageSizeBytes = 2 << 20 });
            if (_scale.IsThorough)
            {
                AddMigration(coarse with { Link = link });
                AddMigration(working with { Link = link, PageSizeBytes = 65536 });
            }
        }
    }

    private void AddReport(SampleDimensions at, bool isGuest = false) =>
        Add(ExperimentNames.Report, at, _scale.Reports, _scale.Reports * (isGuest ? 0.25 : 0.06), isGuest);

    private void AddSlowdown(SampleDimensions at, bool isGuest = false, bool isLine = false)
    {
        var pairs = isLine ? _scale.LinePairs : _scale.Pairs;
        Add(ExperimentNames.Slowdown, at, pairs, pairs * ((2 * _scale.Window.TotalSeconds) + 0.1), isGuest);
    }

    private void AddWatching(SampleDimensions at, bool isGuest) =>
        Add(ExperimentNames.Watching, at, _scale.Pairs, _scale.Pairs * 2 * _scale.Window.TotalSeconds, isGuest);

    private void AddMigration(SampleDimensions at)
    {
        var repeats = at.Link is null ? _scale.Migrations : _scale.LinkMigrations;
        Add(ExperimentNames.Migration, at, repeats, repeats * MigrationSeconds, isGuest: false);
    }

    private void Add(string experiment, SampleDimensions at, int repeats, double seconds, bool isGuest) =>
        _points.Add(new BenchPoint(experiment, at, repeats, seconds) { IsOfGuest = isGuest });
}
