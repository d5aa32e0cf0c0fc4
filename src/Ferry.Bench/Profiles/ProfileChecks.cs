using System.Numerics;

namespace Ferry.Bench.Profiles;

/// <summary>What must hold of a profile, value by value.</summary>
internal static class ProfileChecks
{
    internal const int MaxTextLength = 256;
    private const int MaxSamples = 100_000;
    private const int MaxNotes = 1000;
    private const int MaxRepeats = 10_000;
    private const ulong MaxMemoryBytes = 1UL << 48;
    private static readonly string[] Accelerators = ["kvm", "thread"];

    /// <summary>The trackers that profiles speak of.</summary>
    internal static IReadOnlyList<string> Providers { get; } =
        ["kvm-log", "kvm-ring", "process", "mediated", "device", "iotable", "iotable-faults", "vfio-device", "iommufd", "type1", "all", "off"];

    /// <summary>What is wrong, with the value and the limit; null where nothing is.</summary>
    internal static string? FindProblem(CostProfile? profile) => profile switch
    {
        null => "null",
        { Version: < 1 or > CostProfile.CurrentVersion } => $"version: {profile.Version}; this Ferry reads 1 to {CostProfile.CurrentVersion}",
        _ when Text(profile.FerryVersion) is { } text => $"ferryVersion: {text}",
        { Notes.Count: > MaxNotes } => $"notes: {profile.Notes!.Count}; at most {MaxNotes}",
        _ when profile.Notes?.Select(Text).FirstOrDefault(problem => problem is not null) is { } text => $"notes: {text}",
        { Samples.Count: > MaxSamples } or { Costs.Count: > MaxSamples } => $"samples: {profile.Samples.Count}, costs: {profile.Costs.Count}; at most {MaxSamples}",
        _ => OfHost(profile.Host) ?? First(profile.Samples, OfSample, "samples") ?? First(profile.Costs, OfCost, "costs") ?? Twice(profile),
    };

    private static string? OfHost(HostFacts host) => host switch
    {
        _ when host.Fingerprint.Length != 64 || !host.Fingerprint.All(char.IsAsciiHexDigitLower) => "host.fingerprint: not 64 lower-case hexadecimal digits",
        _ when Text(host.Kernel) is { } text => $"host.kernel: {text}",
        _ when Text(host.CpuModel) is { } text => $"host.cpuModel: {text}",
        { Cores: < 1 or > 65536 } => $"host.cores: {host.Cores}; 1 to 65536",
        { MemoryBytes: 0 or > MaxMemoryBytes } => $"host.memoryBytes: {host.MemoryBytes}; 1 to {MaxMemoryBytes}",
        _ when !Accelerators.Contains(host.Accelerator) => "host.accelerator: kvm or thread",
        _ => null,
    };

    private static string? OfSample(CostSample sample)
    {
        if (!ExperimentNames.All.Contains(sample.Experiment))
        {
            return $"experiment: one of {string.Join(", ", ExperimentNames.All)}";
        }

        if (sample.Measures.Count == 0 || sample.Measures.Any(each => each is null) || sample.Measures.DistinctBy(each => each.Metric).Count() != sample.Measures.Count)
        {
            return "measures: none, or a quantity twice";
        }

        return OfDimensions(sample.Dimensions) ?? First(sample.Measures, OfMeasure, "measures");
    }

    private static string? OfDimensions(SampleDimensions at) => at switch
    {
        _ when !Providers.Contains(at.Provider) => $"provider: one of {string.Join(", ", Providers)}",
        _ when !IsPageSize(at.PageSizeBytes) && at.PageSizeBytes != 0 => $"pageSizeBytes: {at.PageSizeBytes}; 0, or a power of two from 4096 to 1 GiB",
        { MemoryBytes: 0 or > MaxMemoryBytes } => $"memoryBytes: {at.MemoryBytes}; 1 to {MaxMemoryBytes}",
        _ when at.WorkingSetBytes > at.MemoryBytes => $"workingSetBytes: {at.WorkingSetBytes}; at most the memory, {at.MemoryBytes}",
        { DirtyBytesPerSecond: > MaxMemoryBytes } => $"dirtyBytesPerSecond: {at.DirtyBytesPerSecond}; at most {MaxMemoryBytes}",
        _ when !Enum.IsDefined(at.Pattern) => $"pattern: {at.Pattern}",
        _ when at.MessageBytes > at.MemoryBytes => $"messageBytes: {at.MessageBytes}; at most the memory, {at.MemoryBytes}",
        { RangeCount: < 1 or > 65536 } => $"rangeCount: {at.RangeCount}; 1 to 65536",
        _ when at.DataBytes > at.MemoryBytes => $"dataBytes: {at.DataBytes}; at most the memory, {at.MemoryBytes}",
        _ when at.GuestWorkingSetBytes > at.MemoryBytes => $"guestWorkingSetBytes: {at.GuestWorkingSetBytes}; at most the memory, {at.MemoryBytes}",
        { GuestDirtyBytesPerSecond: > MaxMemoryBytes } => $"guestDirtyBytesPerSecond: {at.GuestDirtyBytesPerSecond}; at most {MaxMemoryBytes}",
        { LimitBytesPerSecond: 0 or > MaxMemoryBytes } => $"limitBytesPerSecond: {at.LimitBytesPerSecond}; 1 to {MaxMemoryBytes}",
        { Link: { } link } when !LinkNames.All.ContainsKey(link) => $"link: one of {string.Join(", ", LinkNames.All.Keys)}",
        _ => null,
    };

    private static string? OfMeasure(SampleMeasure measure)
    {
        if (!MetricNames.All.Contains(measure.Metric))
        {
            return $"metric: one of {string.Join(", ", MetricNames.All)}";
        }

        if (measure.Values.Count is 0 or > MaxRepeats || (measure.Untracked is { } untracked && untracked.Count != measure.Values.Count))
        {
            return $"{measure.Metric}: {measure.Values.Count} values, {measure.Untracked?.Count} untracked; 1 to {MaxRepeats}, and as many untracked or none";
        }

        return measure.Values.Concat(measure.Untracked ?? []).Any(value => !double.IsFinite(value) || value < 0)
            ? $"{measure.Metric}: a value that is negative or not finite"
            : null;
    }

    private static string? OfCost(FittedCost cost) => cost switch
    {
        _ when !CostNames.All.Contains(cost.Name) => $"name: one of {string.Join(", ", CostNames.All)}",
        _ when cost.Provider is { } provider && !Providers.Contains(provider) => $"{cost.Name}: provider: one of {string.Join(", ", Providers)}",
        _ when cost.PageSizeBytes is { } size && !IsPageSize(size) && size != 0 => $"{cost.Name}: pageSizeBytes: {cost.PageSizeBytes}; 0, or a power of two from 4096 to 1 GiB",
        _ when !double.IsFinite(cost.Value) || cost.Value < 0 => $"{cost.Name}: value: {cost.Value}; finite, and 0 or more",
        _ when !double.IsFinite(cost.Error) || cost.Error < 0 => $"{cost.Name}: error: {cost.Error}; finite, and 0 or more",
        { Count: < 1 } => $"{cost.Name}: count: {cost.Count}; at least 1",
        _ => null,
    };

    private static string? Twice(CostProfile profile)
    {
        if (profile.Samples.DistinctBy(sample => (sample.Experiment, sample.Dimensions)).Count() != profile.Samples.Count)
        {
            return "samples: one point twice";
        }

        return profile.Costs.DistinctBy(cost => (cost.Name, cost.Provider, cost.PageSizeBytes)).Count() != profile.Costs.Count ? "costs: one cost twice" : null;
    }

    private static string? First<T>(IReadOnlyList<T?> list, Func<T, string?> check, string name)
        where T : class
    {
        for (var i = 0; i < list.Count; i++)
        {
            if ((list[i] is { } item ? check(item) : "null") is { } problem)
            {
                return $"{name}[{i}]: {problem}";
            }
        }

        return null;
    }

    private static string? Text(string? text) => text is null ? "null" : text.Length is 0 or > MaxTextLength || text.Any(char.IsControl) ? $"{text.Length} characters; 1 to {MaxTextLength}, none of them a control character" : null;

    private static bool IsPageSize(ulong bytes) => BitOperations.IsPow2(bytes) && bytes is >= 4096 and <= 1 << 30;
}
