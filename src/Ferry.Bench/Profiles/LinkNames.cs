namespace Ferry.Bench.Profiles;

/// <summary>The links that a bench shapes for whole migrations.</summary>
public static class LinkNames
{
    /// <summary>A link that nothing limits but the host.</summary>
    public const string Unlimited = "unlimited";

    /// <summary>All of them, with what each carries in bytes a second.</summary>
    public static IReadOnlyDictionary<string, double> All { get; } = new Dictionary<string, double>
    {
        ["1Gbps"] = 1e9 / 8,
        ["10Gbps"] = 10e9 / 8,
        [Unlimited] = double.PositiveInfinity,
    };
}
