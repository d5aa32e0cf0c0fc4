namespace Ferry.Cli.Toml;

/// <summary>A machine or policy file can't be used.</summary>
/// <param name="errors">What is wrong, each with file, line and field.</param>
internal sealed class TomlFileException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>What is wrong, each with file, line and field.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
