using System.Diagnostics;
using System.Globalization;
using Ferry.Linux.Processes;

namespace Ferry.Cli.Conformance;

/// <summary>Any program, with what it said last.</summary>
internal sealed class DeviceProcess : IDisposable
{
    private const int LinesKept = 20;

    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly Task _reading;

    private DeviceProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(KeepAsync(process.StandardOutput), KeepAsync(process.StandardError));
    }

    /// <summary>Starts a program.</summary>
    /// <exception cref="IOException">There is no such program, or it may not be run.</exception>
    public static DeviceProcess Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            return new DeviceProcess(Process.Start(start) ?? throw new IOException($"{program} could not be started"));
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"the device's command could not be started: {e.Message}", e);
        }
    }

    /// <summary>Tells how it ended, where it does within <paramref name="patience"/>; null where it still runs.</summary>
    public string? DescribeEnd(TimeSpan patience)
    {
        if (!_process.WaitForExit(patience))
        {
            return null;
        }

        // Not for ever: a process that it left behind may hold its outputs open.
        _reading.Wait(LongestRest);
        lock (_lastLines)
        {
            var said = _lastLines.Count == 0 ? "" : $" It said last:{Environment.NewLine}{string.Join(Environment.NewLine, _lastLines)}";
            return $"Its process {_process.Id.ToString(CultureInfo.InvariantCulture)} ended with code {_process.ExitCode.ToString(CultureInfo.InvariantCulture)}.{said}";
        }
    }

    /// <summary>Asks it to end, and kills it where it does not.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            ProcessSignals.Terminate(_process.Id);
            if (!_process.WaitForExit(LongestGoodbye))
            {
                _process.Kill();
                _process.WaitForExit();
            }
        }

        _process.Dispose();
    }

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
}
