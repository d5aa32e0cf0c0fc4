using System.Diagnostics;
using System.Globalization;
using Ferry.Cli.Commands;
using Ferry.Cli.Hosting;
using Ferry.Linux.Processes;

namespace Ferry.Cli.Conformance;

/// <summary>A device's process that is started to be checked: any program that serves vfio-user on a socket named in its arguments.</summary>
/// <remarks>It ends when this is disposed. Where this process dies first it sees the end of its standard input.</remarks>
internal sealed class StartedDevice : IDisposable
{
    /// <summary>What stands for the socket in a command.</summary>
    public const string SocketPlaceholder = "{socket}";

    private const int LinesKept = 20;

    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestDeath = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly Task _reading;

    private StartedDevice(string folder, Process process)
    {
        (_folder, _process) = (folder, process);
        _reading = Task.WhenAll(KeepAsync(process.StandardOutput), KeepAsync(process.StandardError));
    }

    /// <summary>Where it is told to listen.</summary>
    public string SocketPath => SocketIn(_folder);

    /// <summary>Starts <paramref name="command"/>, a program and its arguments.</summary>
    /// <exception cref="UsageException">No argument names the socket.</exception>
    /// <exception cref="IOException">There is no such program.</exception>
    public static StartedDevice Start(IReadOnlyList<string> command)
    {
        if (!command.Skip(1).Any(argument => argument.Contains(SocketPlaceholder, StringComparison.Ordinal)))
        {
            throw new UsageException($"the device's command names no socket: write {SocketPlaceholder} where it takes one");
        }

        var folder = RuntimeFolder.Create("ferry-conform-");
        try
        {
            var start = new ProcessStartInfo(
                command[0], command.Skip(1).Select(argument => argument.Replace(SocketPlaceholder, SocketIn(folder), StringComparison.Ordinal)))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            return new StartedDevice(folder, Process.Start(start) ?? throw new IOException($"{command[0]} could not be started"));
        }
        catch (Exception e)
        {
            Directory.Delete(folder, recursive: true);
            throw e is System.ComponentModel.Win32Exception ? new IOException($"the device's command could not be started: {e.Message}", e) : e;
        }
    }

    /// <summary>Waits until there is a socket.</summary>
    /// <exception cref="IOException">The process ended instead, or made none in time; the message has its last lines.</exception>
    public async Task WaitForSocketAsync(TimeSpan longest, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (!File.Exists(SocketPath))
        {
            if (_process.HasExited)
            {
                throw new IOException($"the device ended before there was a socket. {DescribeEnd()}");
            }

            if (Stopwatch.GetElapsedTime(started) > longest)
            {
                throw new IOException(FormattableString.Invariant($"the device made no socket at {SocketPath} in {longest.TotalSeconds} s.{LastLines()}"));
            }

            await Task.Delay(PollInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Tells how the process ended, where it did; null where it still runs.</summary>
    public string? DescribeEnd() => _process.WaitForExit(LongestDeath)
        ? $"Its process {_process.Id.ToString(CultureInfo.InvariantCulture)} ended with code {_process.ExitCode.ToString(CultureInfo.InvariantCulture)}.{LastLines()}"
        : null;

    /// <summary>Asks it to end, and kills it where it does not.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            ProcessSignals.Terminate(_process.Id);
            if (!_process.WaitForExit(LongestGoodbye))
            {
                _process.Kill();
            }
        }

        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string SocketIn(string folder) => Path.Combine(folder, "device.sock");

    private async Task KeepAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > LinesKept)
                {
                    _lastLines.Dequeue();
                }
            }
        }
    }

    private string LastLines()
    {
        if (_process.HasExited)
        {
            // Not for ever: a process that it left behind may hold its outputs open.
            _reading.Wait(LongestDeath);
        }

        lock (_lastLines)
        {
            return _lastLines.Count == 0 ? "" : $" It said last:{Environment.NewLine}{string.Join(Environment.NewLine, _lastLines)}";
        }
    }
}
