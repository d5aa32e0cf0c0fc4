using System.Diagnostics;
using System.Globalization;

namespace Ferry.Cli.Demo;

/// <summary>Another process of this same program. It ends when this process does, however this one ends: its standard input closes then.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const string ReadyPrefix = "ready: ";
    private const int LinesKept = 20;

    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _lastLines = new();
    private readonly Task _reading;
    private readonly Task _draining;

    private ChildProcess(string role, Process process)
    {
        Role = role;
        _process = process;
        _reading = ReadErrorsAsync();
        _draining = process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>What it does in the demo.</summary>
    public string Role { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts this program with other arguments.</summary>
    public static ChildProcess Start(string role, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo
        {
            FileName = Environment.ProcessPath ?? throw new IOException("this process does not know its own path, so it can't start another of the same program"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            // Hosted by the SDK's muxer: the program is its first argument.
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add("--exit-with-stdin");
        return new ChildProcess(role, Process.Start(start) ?? throw new IOException($"{role}: the process could not be started: {start.FileName}"));
    }

    /// <summary>Waits until it says that it is ready, and gives what it says of that.</summary>
    /// <exception cref="IOException">It ended instead; the message has its last lines.</exception>
    public async Task<string> WaitReadyAsync(CancellationToken cancellation) => await _ready.Task.WaitAsync(cancellation).ConfigureAwait(false);

    /// <summary>What it said last, for errors.</summary>
    public string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join(Environment.NewLine, _lastLines);
        }
    }

    /// <summary>Asks it to end by closing its input, and kills it where it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using (var limit = new CancellationTokenSource(LongestGoodbye))
        {
            try
            {
                await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        await Task.WhenAll(_reading, _draining).ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(ReadyPrefix, StringComparison.Ordinal))
            {
                _ready.TrySetResult(line[ReadyPrefix.Length..]);
            }

            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > LinesKept)
                {
                    _lastLines.Dequeue();
                }
            }
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        _ready.TrySetException(new IOException(
            $"{Role} (process {Id.ToString(CultureInfo.InvariantCulture)}) ended with code {_process.ExitCode.ToString(CultureInfo.InvariantCulture)} before it was ready:{Environment.NewLine}{LastLines()}"));
        // Observed here, so that a child that ends late does not count as an unobserved failure.
        _ = _ready.Task.Exception;
    }
}
