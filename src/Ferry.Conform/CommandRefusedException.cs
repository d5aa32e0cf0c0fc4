namespace Ferry.Conform;

/// <summary>The device refused a command.</summary>
/// <param name="errno">The error number that it gave.</param>
/// <param name="message">What was refused.</param>
/// <param name="inner">What brought the refusal, or null.</param>
public sealed class CommandRefusedException(int errno, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>The error number.</summary>
    public int Errno { get; } = errno;
}
