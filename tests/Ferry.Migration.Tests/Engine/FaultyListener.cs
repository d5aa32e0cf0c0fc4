using Ferry.Migration.Transport;

namespace Ferry.Migration.Tests.Engine;

/// <summary>A real listener that fails now and then, as one does for which there is no descriptor left.</summary>
internal sealed class FaultyListener(IConnectionListener inner) : IConnectionListener
{
    /// <summary>How often it still fails.</summary>
    public int Failures { get; set; }

    public string Address => inner.Address;

    public IConnection? Accept(TimeSpan timeout) => Failures-- > 0 ? throw new IOException("accept4: too many open files") : inner.Accept(timeout);
}
