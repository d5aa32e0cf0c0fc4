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

    private const string Mediated = "mediated";

    private static readonly string[] OfKvm = ["kvm-log", "kvm-ring"];
    private static readonly string[] OfThreads = ["process"];
    private static readonly string[] OfDevices = ["device", "mediated", "iotable", "iotable-faults"];

    /// <summary>The engine's costs.</summary>
    /// <remarks>Where a profile lacks a finer cost, a coarser one stands for it: both sides are taken to be busy while they copy at their full
    /// rate, and what a migration of an idle machine takes beside its copy and its downtime is taken for a round's.</remarks>
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

        var (firstRound, laterRound, coarseRound) = (Known(CostNames.FirstRoundSeconds), Known(CostNames.RoundSeconds), Math.Max(0, fixedSeconds.Value - switchover.Value));
        return new EngineCosts
        {
            CopyBytesPerSecond = copy.Value,
            MostCopyBytesPerSecond = copy.Value,
            PopulateBytesPerSecond = Known(CostNames.FirstCopyBytesPerSecond) is > 0 and var first ? first : double.PositiveInfinity,
            CopySeconds = Known(CostNames.CopyTurnSeconds) ?? 0,
            FirstRoundSeconds = firstRound ?? laterRound ?? coarseRound,
            RoundSeconds = laterRound ?? firstRound ?? coarseRound,
            SwitchoverSeconds = switchover.Value,
            DeviceSeconds = Known(CostNames.DeviceSwitchoverSeconds) ?? 0,
            P2PSeconds = Known(CostNames.P2PSeconds) ?? 0,
            VerifySeconds = Known(CostNames.VerifySecondsFixed) ?? 0,
            VerifyBytesPerSecond = Known(CostNames.VerifyBytesPerSecond) is > 0 and var hashed ? hashed : double.PositiveInfinity,
            WorkPartInFirstRound = Math.Min(1, Known(CostNames.FirstWorkPart) ?? 1),
            WorkPart = Math.Min(1, Known(CostNames.WorkPart) ?? Known(CostNames.FirstWorkPart) ?? 1),
            CpuSeconds = Known(CostNames.CpuSecondsFixed) ?? 0,
            CpuSecondsPerByte = Known(CostNames.CpuSecondsPerByte) ?? (2 / copy.Value),
            RelativeError = copy.Error / copy.Value,
        };
    }

    /// <summary>What the devices that were measured send while they are stopped, in bytes; 0 where that is not known.</summary>
    public double DeviceStateBytes => Known(CostNames.DeviceStateBytes) ?? 0;

    /// <summary>What one tracker costs at one page size.</summary>
    /// <param name="provider">The tracker.</param>
    /// <param name="pageSizeBytes">The tracking page size.</param>
    /// <param name="isDevice">Whether it tracks a device; else the vCPUs.</param>
    /// <exception cref="ProfileException">A cost of it was not measured, or too few times.</exception>
    public ProviderCosts Tracker(string provider, ulong pageSizeBytes, bool isDevice) =>
        Tracker(provider, pageSizeBytes, isDevice ? CostNames.DeviceProgressRatio : CostNames.GuestProgressRatio);

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
        foreach (var (provider, size) in Measured(isDevice ? OfDevices : OfGuests))
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

    // A bench measures every tracker that is there; which of them a machine has is its accelerator's to say.
    private string[] OfGuests => profile.Host.Accelerator == "kvm" ? OfKvm : OfThreads;

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
            StopSeconds = Known(CostNames.StopSecondsFixed, provider, size) ?? Of(CostNames.StopSeconds).Value,
            StopSecondsPerGiB = (Known(CostNames.StopSecondsPerMemoryByte, provider, size) ?? 0) * (1 << 30),
            Slowdown = Slowdown(provider, size, Of(ratio)),
            WriteSeconds = ratio == CostNames.DeviceProgressRatio ? OfWrites(CostNames.DeviceWriteSeconds, provider, size) ?? 0 : 0,
            WriteSecondsPerByte = ratio == CostNames.DeviceProgressRatio
                ? OfWrites(CostNames.DeviceWriteSecondsPerByte, provider, size) ?? 0
                : (Known(CostNames.GuestPageSeconds, provider, size) ?? 0) / DirtyGrowth.LeastPageBytes,
            RelativeError = report.Value > 0 ? report.Error / report.Value : 0,
        };
    }

    // Messages bound what a mediated device can do, and slow none that does less: where that bound is known it says all that the ratio says.
    private double Slowdown(string provider, ulong size, FittedCost ratio) =>
        provider == Mediated && OfWrites(CostNames.DeviceWriteSeconds, provider, size) is not null ? 0 : Slowdown(ratio);

    // A message takes its time whatever page it marks, so one page size tells it for all.
    private double? OfWrites(string name, string provider, ulong size) => Known(name, provider, size)
        ?? (provider == Mediated ? Measured([Mediated]).Select(each => Known(name, each.Provider, each.Size)).FirstOrDefault(cost => cost is not null) : null);

    // What noise hides is no reason against a tracker.
    private static double Slowdown(FittedCost ratio) => ratio.IsHiddenByNoise ? 0 : Math.Clamp(1 - ratio.Value, 0, 1);

    private double? Known(string name, string? provider = null, ulong? size = null) => profile.Find(name, provider, size) is { Count: >= LeastCount } cost ? cost.Value : null;

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
