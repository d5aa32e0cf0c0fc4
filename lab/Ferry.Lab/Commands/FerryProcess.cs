using System.Diagnostics;
using System.Text;

namespace Ferry.Lab.Commands;

/// <summary>A run of the ferry command, as people start it. It is killed where it has not ended by itself.</summary>
internal sealed class FerryProcess : IDisposable
{
    // Everything here is emulated, and the command's start is a lot of code: seconds by itself, far more on a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly string _name;
    private readonly string _verb;
    private readonly StringBuilder _said = new();
    private readonly Task<string> _output;
    private readonly Task _reading;

    private FerryProcess(Process process, string[] arguments)
    {
        (_process, _name, _verb) = (process, $"ferry {string.Join(' ', arguments)}", arguments[0]);
        _output = process.StandardOutput.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>What it has said on standard error so far.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <summary>Starts it.</summary>
    public static FerryProcess Start(params string[] arguments) => new(
        Process.Start(new ProcessStartInfo("/bin/ferry", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!, arguments);

    /// <summary>Starts it as another user, for instance <see cref="LabUser"/>, who may lock 1 MiB of memory.</summary>
    public static FerryProcess StartAs(string user, params string[] arguments) => new(
        Process.Start(new ProcessStartInfo("/bin/su", ["-s", "/bin/sh", user, "-c", $"ulimit -l 1024; exec /bin/ferry {string.Join(' ', arguments)}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!,
        arguments);

    /// <summary>Runs it to its end and gives what it wrote to standard output.</summary>
    /// <exception cref="CheckFailedException">It ended with another code than 0, or not in time.</exception>
    public static string Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return process.WaitForEnd(0);
    }

    /// <summary>Waits for a line of standard error that begins so, and gives the rest of it.</summary>
    /// <exception cref="CheckFailedException">It did not say so in time, or has ended.</exception>
    public string WaitForLine(string prefix)
    {
        for (var started = Stopwatch.GetTimestamp(); ; Thread.Sleep(20))
        {
            var hasEnded = _reading.IsCompleted;
            if (Array.Find(Said.Split('\n'), line => line.StartsWith(prefix, StringComparison.Ordinal)) is { } found)
            {
                return found[prefix.Length..];
            }

            LabContext.Require(!hasEnded && Stopwatch.GetElapsedTime(started) < Patience, $"{_name} did not say '{prefix}' but: {Said}");
        }
    }

    /// <summary>Waits until it has ended, and gives what it wrote to standard output.</summary>
    /// <exception cref="CheckFailedException">It ended with another code, or not in time.</exception>
    public string WaitForEnd(int code)
    {
        LabContext.Require(Task.WaitAll([_reading, _output], Patience) && _process.WaitForExit(Patience), $"{_name} did not end, and said: {Said}");
        LabContext.Require(_process.ExitCode == code, $"{_name} ended with code {_process.ExitCode} and not {code}, and said: {Said}{_output.Result}");
        return _output.Result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_said)
            {
                _said.Append(line).Append('\n');
                // The lab's console, which is shown where a check fails.
                Console.WriteLine($"  ferry {_verb}: {line}");
            }
        }
    }
}
