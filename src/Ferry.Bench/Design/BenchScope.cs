namespace Ferry.Bench.Design;

/// <summary>What there is to measure.</summary>
internal sealed record BenchScope
{
    /// <summary>What runs vCPUs here: <c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>The trackers of vCPUs that can be started here.</summary>
    public required IReadOnlyList<string> GuestProviders { get; init; }

    /// <summary>The trackers of the device that can be started here, each with the page sizes that it has.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<ulong>> DeviceProviders { get; init; }

    /// <summary>Whether the device can be made to write: an rnic can, others need their own driver.</summary>
    public bool IsDriven { get; init; } = true;

    /// <summary>The sizes of messages at which the device can be had; empty where it can't be driven.</summary>
    public IReadOnlyList<ulong> MessageSizes { get; init; } = [];

    /// <summary>Whether the device can be had at any rate; else as it is.</summary>
    public bool HasRates { get; init; } = true;

    /// <summary>Whether the device has P2P states.</summary>
    public bool HasP2P { get; init; } = true;

    /// <summary>The links that can be shaped here.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Who tracks the vCPUs in whole migrations; null where nothing does, so that there are none.</summary>
    public string? MigrationVcpus => GuestProviders.FirstOrDefault(provider => provider.StartsWith("kvm", StringComparison.Ordinal) == (Accelerator == "kvm"));
}
