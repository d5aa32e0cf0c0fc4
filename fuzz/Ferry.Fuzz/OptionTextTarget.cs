using System.Text;
using Ferry.Cli.Values;

namespace Ferry.Fuzz;

/// <summary>Rates of links, percentages and plain numbers on a command line: what is taken is a number that can be reckoned with.</summary>
internal sealed class OptionTextTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "option-text";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (LinkText.TryParse(text, out var rate) && !(rate > 0))
        {
            throw new InvalidOperationException($"a link of {rate} bytes a second");
        }

        _ = NumberText.TryParse(text, out _);
        if (PercentText.TryParse(text, out var part) && part is not (>= 0 and <= 1))
        {
            throw new InvalidOperationException($"a part of {part}");
        }
    }
}
