namespace Ferry.VfioUser.Protocol;

/// <summary>A peer sent bytes that are not the protocol's.</summary>
/// <param name="message">What came, the value and the limit.</param>
/// <param name="inner">What failed underneath.</param>
public sealed class VfioUserProtocolException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Throws where <paramref name="holds"/> is false, with what was expected of <paramref name="value"/>.</summary>
    internal static void Require(bool holds, string what, ulong value, ulong limit)
    {
        if (!holds)
        {
            throw new VfioUserProtocolException($"{what}: {value} against {limit}.");
        }
    }
}
