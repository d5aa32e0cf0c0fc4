using System.Globalization;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;

namespace Ferry.Bench.Advice;

/// <summary>Gives the model's figures from a profile. What was not measured is missed by name, never guessed.</summary>
public sealed class ProfileCosts(CostProfile profile)
{
    /// <summary>The fewest values that a cost is believed from.</summary>
    public const int LeastCount = 3;

    /// <summary>The provider that stands for a device which stops before the rounds.</summary>
    public const string Early = "early";

    private static readonly string[] OfVcpus = ["kvm-log", "kvm-ring", "process"];
    private static readonly string[] OfDevices = ["device", "mediated", "iotable", "iotable-faults"];

    /// <summary>The engine's costs.</summary>
    /// <remarks>No bench measures processor time, so both sides are taken to be busy while they copy at their full rate. What a migration
    /// of an idle machine takes beside its copy and its downtime is taken for a round's.</remarks>
    /// <exception cref="ProfileException">One of them was not measured, or too few times.</exception>
    public EngineCosts Engine()
    {
        var copy = Need(CostNames.CopyBytesPerSecond);
        var fixedSeconds = Need(CostNames.MigrationSecondsFixed);
        var switchover = Need(CostNames.SwitchoverSecondsFixed);
        if (copy.Value <= 0)
        {
            throw new ProfileException($"{copy.Name} is 0, and something is copied; run 'ferry bench --only {ExperimentNames.Migration}'");
        }

        return new EngineCosts
        {
            CopyBytesPerSecond = copy.Value,
            MostCopyBytesPerSecond = copy.Value,
            RoundSeconds = Math.Max(0, fixedSeconds.Value - switchover.Value),
            SwitchoverSeconds = switchover.Value,
            CpuSecondsPerByte = 2 / copy.Value,
            RelativeError = copy.Error / copy.Value,
        };
    }

    /// <summary>The ways to track a source, and what was left out with the reason.</summary>
    /// <param name="source">Its name.</param>
    /// <param name="leftOut">Takes each provider and page size that was measured, but too little.</param>
    /// <exception cref="ProfileException">Nothing that tracks it was measured enough.</exception>
    public SourceOptions Source(string source, ICollection<string> leftOut)
    {
        ArgumentNullException.ThrowIfNull(leftOut);
        var isDevice = source != WriterLoad.Vcpus;
        var ratio = isDevice ? CostNames.DeviceProgressRatio : CostNames.GuestProgressRatio;
        var costs = new List<ProviderCosts>();
        foreach (var (provider, size) in Measured(isDevice ? OfDevices : OfVcpus))
        {
            try
            {
                costs.Add(Tracker(provider, size, ratio));
            }
            catch (ProfileException e)
            {
                leftOut.Add(e.Message);
            }
        }

        if (costs.Count == 0)
        {
            throw new ProfileException(leftOut.Count > 0 ? leftOut.First() : $"too few samples: nothing that tracks {source} was measured; run 'ferry bench --only {ExperimentNames.Report},{ExperimentNames.Slowdown}'");
        }

        costs.Add(new ProviderCosts("all", 4096) { Precision = ReportPrecision.Mapped });
        if (isDevice)
        {
            costs.Add(new ProviderCosts(Early, 4096) { Slowdown = 1 });
        }

        return new SourceOptions(source, costs);
    }

    /// <summary>The page size for a device of which nothing else is known: the finest that slows it by no more than 1 % beyond the least.</summary>
    /// <param name="trackers">Those that may track it; those that were not measured are passed over.</param>
    /// <returns>Null where no size was measured for all others.</returns>
    public ulong? PageSize(IEnumerable<string> trackers)
    {
        var measured = trackers.Select(tracker => Measured([tracker]).Where(each => profile.Find(CostNames.DeviceProgressRatio, each.Provider, each.Size) is { Count: >= LeastCount }).ToList())
            .Where(sizes => sizes.Count > 0).ToList();
        if (measured.Count == 0)
        {
            return null;
        }

        var common = measured.Select(sizes => sizes.Select(each => each.Size)).Aggregate((left, right) => left.Intersect(right))
            .Select(size => (Size: size, Slowdown: measured.Max(sizes => Slowdown(profile.Find(CostNames.DeviceProgressRatio, sizes[0].Provider, size)!)))).ToList();
        return common.Count == 0 ? null : common.Where(each => each.Slowdown <= common.Min(other => other.Slowdown) + 0.01).Min(each => each.Size);
    }

    private IEnumerable<(string Provider, ulong Size)> Measured(string[] providers) => profile.Costs
        .Where(cost => providers.Contains(cost.Provider) && cost.PageSizeBytes is > 0)
        .Select(cost => (cost.Provider!, cost.PageSizeBytes!.Value)).Distinct().Order();

    private ProviderCosts Tracker(string provider, ulong size, string ratio)
    {
        FittedCost Of(string name) => Need(name, provider, size);
        var report = Of(CostNames.ReportSecondsFixed);
        return new ProviderCosts(provider, size)
        {
            ReportSeconds = report.Value,
            ReportSecondsPerGiB = Of(CostNames.ReportSecondsPerMemoryByte).Value * (1 << 30),
            ReportSecondsPerPage = Of(CostNames.ReportSecondsPerPage).Value,
            StartSeconds = Of(CostNames.StartSeconds).Value,
            StopSeconds = Of(CostNames.StopSeconds).Value,
            Slowdown = Slowdown(Of(ratio)),
            RelativeError = report.Value > 0 ? report.Error / report.Value : 0,
        };
    }

    // What noise hides is no reason against a tracker.
    private static double Slowdown(FittedCost ratio) => ratio.IsHiddenByNoise ? 0 : Math.Clamp(1 - ratio.Value, 0, 1);

    private FittedCost Need(string name, string? provider = null, ulong? size = null)
    {
        var cost = profile.Find(name, provider, size);
        if (cost is { Count: >= LeastCount })
        {
            return cost;
        }

        var of = provider is null ? "" : string.Create(CultureInfo.InvariantCulture, $" of {provider} at {size / 1024}K");
        var experiment = provider is null ? ExperimentNames.Migration
            : name is CostNames.DeviceProgressRatio or CostNames.GuestProgressRatio ? ExperimentNames.Slowdown : ExperimentNames.Report;
        throw new ProfileException($"too few samples: {name}{of} has {cost?.Count ?? 0}, and {LeastCount} are needed; run 'ferry bench --only {experiment}'");
    }
}
