using System.Diagnostics;
using Ferry.Cli.Commands;
using Ferry.Cli.Hosting;
using Ferry.Conform;
using Ferry.Conform.VfioUser;

namespace Ferry.Cli.Conformance;

/// <summary>A device whose process is started to be checked, for each connection anew: any program that serves vfio-user on a socket named in
/// its arguments.</summary>
/// <remarks>The process ends when this is disposed. Where this process dies first it sees the end of its standard input.</remarks>
internal sealed class StartedDevice : IDeviceConnector, IDisposable
{
    /// <summary>What stands for the socket in a command.</summary>
    public const string SocketPlaceholder = "{socket}";

    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestDeath = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly string[] _command;
    private readonly TimeSpan _answerTime;
    private readonly CancellationToken _cancellation;
    private readonly string _folder;
    private DeviceProcess? _process;

    /// <summary>A device that is not started yet.</summary>
    /// <param name="command">A program and its arguments.</param>
    /// <param name="answerTime">How long the device may take to answer a command.</param>
    /// <param name="cancellation">Ends the waiting for its socket.</param>
    /// <exception cref="UsageException">No argument names the socket.</exception>
    public StartedDevice(string[] command, TimeSpan answerTime, CancellationToken cancellation)
    {
        if (!command.Skip(1).Any(argument => argument.Contains(SocketPlaceholder, StringComparison.Ordinal)))
        {
            throw new UsageException($"the device's command names no socket: write {SocketPlaceholder} where it takes one");
        }

        (_command, _answerTime, _cancellation) = (command, answerTime, cancellation);
        _folder = RuntimeFolder.Create("ferry-conform-");
    }

    /// <inheritdoc/>
    public string Name => string.Join(' ', _command);

    private string SocketPath => Path.Combine(_folder, "device.sock");

    /// <inheritdoc/>
    public IDeviceUnderTest Connect()
    {
        _process?.Dispose();
        _process = null;
        File.Delete(SocketPath);
        _process = DeviceProcess.Start(_command[0], _command.Skip(1).Select(argument => argument.Replace(SocketPlaceholder, SocketPath, StringComparison.Ordinal)));
        WaitForSocket(_process);
        return new VfioUserConnector(SocketPath, _answerTime).Connect();
    }

    /// <inheritdoc/>
    public string? DescribeLoss() => _process?.DescribeEnd(LongestDeath);

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void WaitForSocket(DeviceProcess process)
    {
        var started = Stopwatch.GetTimestamp();
        while (!File.Exists(SocketPath))
        {
            if (process.DescribeEnd(TimeSpan.Zero) is { } end)
            {
                throw new DeviceFaultException(DeviceFault.Gone, $"The device ended before there was a socket. {end}");
            }

            if (Stopwatch.GetElapsedTime(started) > LongestStart)
            {
                throw new DeviceFaultException(DeviceFault.Silent, FormattableString.Invariant($"The device made no socket at {SocketPath} in {LongestStart.TotalSeconds} s."));
            }

            _cancellation.WaitHandle.WaitOne(PollInterval);
            _cancellation.ThrowIfCancellationRequested();
        }
    }
}
