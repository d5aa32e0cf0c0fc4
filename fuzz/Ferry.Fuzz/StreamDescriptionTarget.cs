using Ferry.Migration.Wire;

namespace Ferry.Fuzz;

/// <summary>The machine's description that a source sends.</summary>
internal sealed class StreamDescriptionTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "stream-description";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            _ = MachineDescription.Parse(input);
        }
        catch (StreamProtocolException)
        {
            // Refused, with the reason.
        }
    }
}
