using Ferry.Cli.Values;

namespace Ferry.Cli.MachineFiles;

/// <summary>What the memory beyond the guest program's is filled with.</summary>
/// <param name="RandomBytes">The bytes of incompressible data; <see cref="ulong.MaxValue"/> stands for all of it. The rest is zero.</param>
internal readonly record struct FillSettings(ulong RandomBytes)
{
    /// <summary>What a fill looks like, for error messages.</summary>
    public const string Form = "zero, random, mixed (half random) or mixed:SIZE (SIZE of random data, the rest zero)";

    /// <summary>Nothing but zeros.</summary>
    public static FillSettings Zero { get; } = new(0);

    /// <summary>Parses <c>zero</c>, <c>random</c>, <c>mixed</c> or <c>mixed:SIZE</c>.</summary>
    public static bool TryParse(string text, ulong memoryBytes, out FillSettings fill)
    {
        fill = Zero;
        switch (text)
        {
            case "zero":
                return true;
            case "random":
                fill = new FillSettings(ulong.MaxValue);
                return true;
            case "mixed":
                fill = new FillSettings(memoryBytes / 2);
                return true;
            default:
                if (!text.StartsWith("mixed:", StringComparison.Ordinal) || !SizeText.TryParse(text[6..], out var bytes) || bytes > memoryBytes)
                {
                    return false;
                }

                fill = new FillSettings(bytes);
                return true;
        }
    }
}
