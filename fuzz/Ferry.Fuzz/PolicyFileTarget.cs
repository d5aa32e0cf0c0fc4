using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Cli.Toml;

namespace Ferry.Fuzz;

/// <summary>The policy file: what comes from an editor. What is read must be what a host accepts.</summary>
internal sealed class PolicyFileTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "policy-file";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        Policy policy;
        try
        {
            policy = PolicyFileReader.Parse(input, "/fuzz/policy.toml");
        }
        catch (TomlFileException)
        {
            // Refused, with reasons.
            return;
        }

        MigrateChoices.Validate(policy.Request);
        _ = PolicyDescription.Of(policy);
    }
}
