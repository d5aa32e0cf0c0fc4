using System.Globalization;

namespace Ferry.Cli.Values;

/// <summary>A part of a whole that prints as people write it.</summary>
/// <param name="Part">0 to 1.</param>
internal readonly record struct Percentage(double Part)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Part * 100:0.###}%");
}
