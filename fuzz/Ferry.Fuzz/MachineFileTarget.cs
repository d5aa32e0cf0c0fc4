using Ferry.Cli.MachineFiles;
using Ferry.Cli.Toml;

namespace Ferry.Fuzz;

/// <summary>The machine file: what comes from an editor.</summary>
internal sealed class MachineFileTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "machine-file";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            MachineFileReader.Parse(input, "/fuzz/machine.toml");
        }
        catch (TomlFileException)
        {
            // Refused, with reasons.
        }
    }
}
