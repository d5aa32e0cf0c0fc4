using System.Runtime.InteropServices;
using System.Text;

namespace Ferry.Linux.Sockets;

/// <summary>The address of a Unix socket that has a path. Source: sys/un.h, struct sockaddr_un.</summary>
[StructLayout(LayoutKind.Sequential, Size = 110)]
[KernelStruct("sockaddr_un", Fields = "sun_family sun_path")]
internal unsafe struct UnixAddress
{
    /// <summary>The longest path in bytes, without its terminating zero.</summary>
    internal const int MaxPathBytes = 107;

    internal ushort Family;
    internal fixed byte Path[MaxPathBytes + 1];

    /// <exception cref="ArgumentException">The path is empty, has a zero character or is longer than <see cref="MaxPathBytes"/>.</exception>
    internal static UnixAddress Of(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var lengthBytes = Encoding.UTF8.GetByteCount(path);
        if (lengthBytes > MaxPathBytes || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"The socket path {path} has {lengthBytes} bytes or a zero in it; at most {MaxPathBytes} are possible.", nameof(path));
        }

        var address = new UnixAddress { Family = SocketCalls.AddressFamilyUnix };
        Encoding.UTF8.GetBytes(path, new Span<byte>(address.Path, MaxPathBytes));
        return address;
    }
}
