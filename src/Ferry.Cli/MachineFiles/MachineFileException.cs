namespace Ferry.Cli.MachineFiles;

/// <summary>A machine file can't be used.</summary>
/// <param name="errors">What is wrong, each with file, line and field.</param>
internal sealed class MachineFileException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>What is wrong, each with file, line and field.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
