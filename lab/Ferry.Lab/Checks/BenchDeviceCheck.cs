using Ferry.Bench.Design;
using Ferry.Bench.Fitting;
using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;
using Ferry.Lab.Devices;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>The bench measures a kernel device: start, report and stop of each tracker that it has, from which their costs are fitted.</summary>
internal sealed class BenchDeviceCheck : ILabCheck
{
    private static readonly BenchScale Small = new() { MemoryBytes = BenchScale.LeastMemoryBytes, Reports = 3 };
    private static readonly string[] Trackers = ["vfio-device", "type1"];
    private static readonly string[] Costs = [CostNames.StartSeconds, CostNames.StopSeconds, CostNames.ReportSecondsFixed, CostNames.ReportSecondsPerMemoryByte];

    /// <inheritdoc/>
    public string Name => "bench-device";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var made = new RnicOptions().Create();
        LabContext.Require(VfioPlace.TryFind(Path.GetFileName(made.Folder), out var place, out var reason), reason ?? "");
        var parts = new KernelParts(place);
        var notes = new List<string>();
        var scope = BenchProbe.Find(parts, HostReader.Read() with { Accelerator = "thread" }, isOwnDevice: false, notes.Add);
        LabContext.Require(!scope.IsDriven && Trackers.All(scope.DeviceProviders.ContainsKey), $"it finds {string.Join(", ", scope.DeviceProviders.Keys)}: {string.Join("; ", notes)}");
        BenchPoint[] points = [.. BenchDesign.Of(scope, Small).Where(point => point is { Experiment: ExperimentNames.Report, IsOfGuest: false })];
        var samples = new List<CostSample>();
        new BenchRunner(parts, scope, Small).Run(BenchDesign.InOrder(points, 1), samples.Add, notes.Add, CancellationToken.None);
        LabContext.Require(samples.Count == points.Length, $"{samples.Count} of {points.Length} points: {string.Join("; ", notes)}");
        var costs = CostFit.Of(samples);
        foreach (var (tracker, size) in scope.DeviceProviders.SelectMany(each => each.Value.Select(size => (each.Key, size))).Where(each => samples.Exists(sample => sample.Dimensions.PageSizeBytes == each.size)))
        {
            var found = costs.Where(cost => cost.Provider == tracker && cost.PageSizeBytes == size && cost.Count >= 3).Select(cost => cost.Name).ToList();
            LabContext.Require(Costs.All(found.Contains), $"{tracker} at {size}: {string.Join(", ", found)}");
        }

        return $"{samples.Count} points, {costs.Count} costs of {string.Join(", ", scope.DeviceProviders.Keys)}";
    }

    private sealed class KernelParts(VfioPlace? place) : IBenchParts
    {
        public VfioPlace? KernelDevice => place;

        public IBenchDevice StartDevice(ulong messageBytes, ulong? bytesPerSecond) => throw new NotSupportedException();

        public MigrationSample Migrate(MigrationCase migration, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
