namespace Ferry.VfioUser;

/// <summary>A vfio-user request was refused, by the peer or by the device that is served.</summary>
/// <param name="errno">The error number that travels in the reply.</param>
/// <param name="message">What was refused and why, with the value and the limit.</param>
public sealed class VfioUserException(int errno, string message) : IOException(message)
{
    /// <summary>The error number.</summary>
    public int Errno { get; } = errno;
}
