using System.Net.Sockets;
using Ferry.Linux.Files;
using Xunit;

namespace Ferry.Linux.Tests.Files;

public sealed class OrdinaryFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void What_is_a_file_or_not_there_yet_can_be_replaced()
    {
        var (path, link) = (At("file"), At("link"));
        Assert.Equal(path, OrdinaryFile.Resolve(path));
        Assert.False(OrdinaryFile.IsAt(path));
        File.WriteAllText(path, "here");
        Assert.Equal(path, OrdinaryFile.Resolve(path));
        Assert.True(OrdinaryFile.IsAt(path));
        File.CreateSymbolicLink(link, path);
        Assert.Equal(path, OrdinaryFile.Resolve(link));
        Assert.False(OrdinaryFile.IsAt(link));
    }

    [Fact]
    public void What_is_no_file_is_refused_by_what_it_is_also_behind_a_link()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(At("socket")));
        Refuses(At("socket"), "a socket");
        Refuses(_folder.FullName, "a folder");
        Refuses("/dev/null", "a device");
        File.CreateSymbolicLink(At("link"), "/dev/null");
        Refuses(At("link"), "a device");
        Assert.False(OrdinaryFile.IsAt("/dev/null"));
    }

    private static void Refuses(string path, string what) =>
        Assert.Contains($"{path} is {what}", Assert.Throws<IOException>(() => OrdinaryFile.Resolve(path)).Message, StringComparison.Ordinal);

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
