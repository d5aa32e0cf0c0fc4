namespace Ferry.Cli.Control;

/// <summary>A control request was refused or failed.</summary>
/// <param name="code">One of <see cref="ControlErrors"/>.</param>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class ControlException(string code, string message) : Exception(message)
{
    /// <summary>One of <see cref="ControlErrors"/>.</summary>
    public string Code { get; } = code;
}
