using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>Control data that carries descriptors: built for sending, taken apart after receiving.</summary>
/// <remarks>While it exists the descriptors that are sent stay open. Source: cmsg(3), unix(7) SCM_RIGHTS.</remarks>
internal readonly ref struct ControlData : IDisposable
{
    private readonly ReadOnlySpan<SafeFileHandle> _held;

    /// <param name="descriptors">What to send; none gives no bytes.</param>
    /// <param name="buffer">Of <see cref="BytesFor"/> that many descriptors.</param>
    internal ControlData(ReadOnlySpan<SafeFileHandle> descriptors, Span<byte> buffer)
    {
        if (descriptors.IsEmpty)
        {
            return;
        }

        buffer.Clear();
        var header = new ControlHeader
        {
            LengthBytes = (nuint)(HeaderBytes + (descriptors.Length * sizeof(int))),
            Level = SocketCalls.LevelSocket,
            Type = SocketCalls.ControlRights,
        };
        MemoryMarshal.Write(buffer, in header);
        for (var i = 0; i < descriptors.Length; i++)
        {
            var added = false;
            descriptors[i].DangerousAddRef(ref added);
            _held = descriptors[..(i + 1)];
            var descriptor = (int)descriptors[i].DangerousGetHandle();
            MemoryMarshal.Write(buffer[(HeaderBytes + (i * sizeof(int)))..], in descriptor);
        }

        Bytes = buffer;
    }

    /// <summary>What the kernel is given.</summary>
    internal ReadOnlySpan<byte> Bytes { get; }

    private static int HeaderBytes => Marshal.SizeOf<ControlHeader>();

    /// <summary>The room that <paramref name="count"/> descriptors need.</summary>
    internal static int BytesFor(int count) => count == 0 ? 0 : HeaderBytes + (((count * sizeof(int)) + 7) & ~7);

    /// <summary>Moves all descriptors in <paramref name="control"/> to <paramref name="list"/>, or closes every one.</summary>
    /// <exception cref="DescriptorLimitException">There is no room for all, the kernel had to cut some off, or it is no such data.</exception>
    internal static void Take(ReadOnlySpan<byte> control, int flags, DescriptorList? list, string peer)
    {
        var room = list is null ? 0 : list.Capacity - list.Count;
        var fits = (flags & SocketCalls.MessageControlTruncated) == 0;
        for (var pass = 0; pass < 2; pass++)
        {
            var count = 0;
            for (var rest = control; rest.Length >= HeaderBytes;)
            {
                var header = MemoryMarshal.Read<ControlHeader>(rest);
                var lengthBytes = (int)Math.Min((nuint)rest.Length, header.LengthBytes);
                if (lengthBytes < HeaderBytes)
                {
                    break;
                }

                var isRights = header is { Level: SocketCalls.LevelSocket, Type: SocketCalls.ControlRights };
                fits &= isRights;
                var numbers = isRights ? MemoryMarshal.Cast<byte, int>(rest[HeaderBytes..lengthBytes]) : [];
                count += numbers.Length;
                if (pass == 1)
                {
                    Place(numbers, fits ? list : null);
                }

                rest = rest[Math.Min(rest.Length, (lengthBytes + 7) & ~7)..];
            }

            fits &= count <= room;
        }

        if (!fits)
        {
            throw new DescriptorLimitException($"{peer}: more descriptors or other control data came than the {room} descriptors that are allowed here.");
        }
    }

    /// <summary>Lets go of the descriptors that were sent.</summary>
    public void Dispose()
    {
        foreach (var handle in _held)
        {
            handle.DangerousRelease();
        }
    }

    private static void Place(ReadOnlySpan<int> descriptors, DescriptorList? list)
    {
        foreach (var descriptor in descriptors)
        {
            if (list is not null)
            {
                list.Add(descriptor);
            }
            else
            {
                new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
            }
        }
    }
}
