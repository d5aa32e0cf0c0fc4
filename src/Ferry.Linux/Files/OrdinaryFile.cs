using Ferry.Linux.Sockets;

namespace Ferry.Linux.Files;

/// <summary>Tells files from what else has a path, before one is replaced or removed: who may do so to a device, its owner or root, loses it.</summary>
public static class OrdinaryFile
{
    private const int FollowLinks = 0;

    /// <summary>The path at which a file may be put in the place of what is there: where <paramref name="path"/> is a link, what it leads to.</summary>
    /// <exception cref="IOException">A device, pipe, socket or folder is there.</exception>
    public static string Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (TypeOf(path, FollowLinks) is { } type && type != FileStatus.TypeRegular)
        {
            throw new IOException($"{path} is {Name(type)}, and no file that could be replaced. Give another path.");
        }

        return TypeOf(path, SocketCalls.AtNoFollow) == FileStatus.TypeLink ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
    }

    /// <summary>Whether a file is there, and neither a link nor anything else.</summary>
    public static bool IsAt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TypeOf(path, SocketCalls.AtNoFollow) == FileStatus.TypeRegular;
    }

    // Null where nothing is there, or what is there can't be seen: then writing says why.
    private static unsafe ushort? TypeOf(string path, int flags)
    {
        FileStatus status;
        return SocketCalls.Status(SocketCalls.AtWorkingDirectory, path, flags, SocketCalls.StatusType, &status) == 0 ? (ushort)(status.Mode & FileStatus.TypeMask) : null;
    }

    private static string Name(ushort type) => type switch
    {
        FileStatus.TypeFolder => "a folder",
        FileStatus.TypePipe => "a pipe",
        FileStatus.TypeSocket => "a socket",
        _ => "a device",
    };
}
