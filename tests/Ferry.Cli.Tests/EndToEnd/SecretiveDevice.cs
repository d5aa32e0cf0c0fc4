using System.Globalization;
using Ferry.Cli.Demo;
using Ferry.Devices.Models;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.VfioUser;
using Ferry.VfioUser.Server;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device with mediated DMA that keeps one page to itself: what it writes there does not go through the machine, so the mark is lost.</summary>
internal sealed class SecretiveDevice : IDemoChild, IDmaMessages
{
    private const int PageShift = 12;
    private const ulong NoPage = ulong.MaxValue;

    private readonly Rnic _device;
    private readonly VfioUserServer _server;
    private readonly Thread _serving;
    private readonly Func<int?> _machine;
    private readonly bool _isSecretive;
    private SafeFileHandle? _guest;
    private ulong _ownPage = NoPage;

    /// <summary>Listens.</summary>
    /// <param name="arguments">As of <c>ferry device rnic</c>.</param>
    /// <param name="machine">The process of the machine, once it is known.</param>
    /// <param name="isSecretive">False for a device that does as the others do.</param>
    public SecretiveDevice(IReadOnlyList<string> arguments, Func<int?> machine, bool isSecretive)
    {
        (_machine, _isSecretive) = (machine, isSecretive);
        _device = new Rnic(new RnicOptions { RateBytesPerSecond = 2 << 20, MessageBytes = int.Parse(ValueOf(arguments, "--message"), CultureInfo.InvariantCulture) });
        _server = new VfioUserServer(_device, UnixListener.Listen(ValueOf(arguments, "--socket")), new VfioUserServerOptions { OnClientGone = _device.Reset });
        _device.DmaMessages = this;
        _serving = new Thread(_server.Run) { IsBackground = true };
        _serving.Start();
    }

    public string Role => "source device";

    public int Id => Environment.ProcessId;

    /// <summary>How many writes went past the machine.</summary>
    public int Kept { get; private set; }

    public Task WaitReadyAsync(CancellationToken cancellation) => Task.CompletedTask;

    public string LastLines() => "";

    public bool TryRead(Iova start, Span<byte> data) => _server.TryRead(start, data);

    public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        // The completion ring's page: only there single words are written.
        if (_ownPage == NoPage && data.Length == sizeof(uint) && _isSecretive && _machine() is { } process)
        {
            (_guest, _ownPage) = (OpenMemory(process), start.Value >> PageShift);
        }

        if (start.Value >> PageShift != _ownPage)
        {
            return _server.TryWrite(start, data);
        }

        RandomAccess.Write(_guest!, data, (long)start.Value);
        Kept++;
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _serving.Join();
        _device.Dispose();
        _guest?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string ValueOf(IReadOnlyList<string> arguments, string option) => arguments[arguments.ToList().IndexOf(option) + 1];

    // Below 3 GiB guest memory lies in its file as the guest sees it.
    private static SafeFileHandle OpenMemory(int process)
    {
        var path = Directory.GetFiles($"/proc/{process}/fd").First(path => new FileInfo(path).LinkTarget?.Contains("memfd:ferry-guest", StringComparison.Ordinal) == true);
        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }
}
