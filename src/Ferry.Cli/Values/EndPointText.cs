using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Ferry.Cli.Values;

/// <summary>Addresses as people write them: <c>127.0.0.1:4433</c>, <c>[::1]:4433</c>, <c>localhost:4433</c>.</summary>
internal static class EndPointText
{
    /// <summary>What an address looks like, for error messages.</summary>
    public const string Form = "HOST:PORT, for instance 127.0.0.1:4433 or [::1]:4433";

    /// <summary>Splits an address; the host may still be a name.</summary>
    public static bool TryParse(string text, out string host, out int port)
    {
        (host, port) = ("", 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            return IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
        }

        return !host.Contains(':', StringComparison.Ordinal) && host.Length <= 253;
    }

    /// <summary>The address that a host stands for; of a name, the first that the resolver gives.</summary>
    /// <exception cref="IOException">The name can't be resolved.</exception>
    public static IPEndPoint Resolve(string host, int port)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return new IPEndPoint(address, port);
        }

        try
        {
            return new IPEndPoint(Dns.GetHostAddresses(host)[0], port);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new IOException($"host '{host}' has no address: {e.Message}", e);
        }
    }
}
