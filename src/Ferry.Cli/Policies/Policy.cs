using Ferry.Cli.Control;

namespace Ferry.Cli.Policies;

/// <summary>What a migration is to be, and who said so.</summary>
/// <param name="Request">The values.</param>
/// <param name="Origins">For each key of a policy file outside of its sources that somebody gave: who.</param>
internal sealed record Policy(MigrateRequest Request, IReadOnlyDictionary<string, string> Origins)
{
    /// <summary>Nobody said anything.</summary>
    public static Policy Default => new(new MigrateRequest(), new Dictionary<string, string>());
}
