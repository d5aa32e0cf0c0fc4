using System.Runtime.InteropServices;

namespace Ferry.Linux;

/// <summary>A system call failed.</summary>
/// <param name="call">The call as the manual names it, for instance <c>ioctl(KVM_RUN)</c>.</param>
/// <param name="errno">The error number.</param>
/// <param name="subject">What it was called on or for, with the values that matter.</param>
public sealed class KernelCallException(string call, int errno, string subject)
    : IOException($"{call}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}): {subject}")
{
    /// <summary>The call.</summary>
    public string Call { get; } = call;

    /// <summary>The error number.</summary>
    public int Errno { get; } = errno;

    /// <summary>What it was called on.</summary>
    public string Subject { get; } = subject;
}
