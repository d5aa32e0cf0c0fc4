using Ferry.Bench.Profiles;

namespace Ferry.Fuzz;

/// <summary>The cost profile: a file that comes from another host. What is read can be written, and reads the same again.</summary>
internal sealed class CostProfileTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "cost-profile";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        CostProfile profile;
        try
        {
            profile = ProfileFile.Parse(input);
        }
        catch (ProfileException)
        {
            // Refused, with the reason.
            return;
        }

        var written = ProfileFile.Format(profile);
        if (!ProfileFile.Format(ProfileFile.Parse(written)).AsSpan().SequenceEqual(written))
        {
            throw new InvalidOperationException("What was written reads otherwise.");
        }
    }
}
