namespace Ferry.Conform;

/// <summary>A device did not answer a command as any device must, whatever it supports.</summary>
/// <param name="fault">What it did instead.</param>
/// <param name="message">What happened, with the value and the limit.</param>
/// <param name="inner">What failed underneath, or null.</param>
public sealed class DeviceFaultException(DeviceFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What it did.</summary>
    public DeviceFault Fault { get; } = fault;
}
