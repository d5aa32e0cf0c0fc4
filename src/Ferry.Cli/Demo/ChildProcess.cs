using System.Diagnostics;
using System.Globalization;
using Ferry.Cli.Commands;

namespace Ferry.Cli.Demo;

/// <summary>Another process of this same program. It ends when this process does, however this one ends: its standard input closes then.</summary>
internal sealed class ChildProcess : IDemoChild
{
    private const string ReadyPrefix = "ready: ";
    private const int LinesKept = 20;

    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _lastLines = new();
    private readonly Task _reading;
    private readonly Task _draining;
    private bool _disposed;

    private ChildProcess(string role, Process process)
    {
        Role = role;
        _process = process;
        _reading = ReadErrorsAsync();
        _draining = process.StandardOutput.ReadToEndAsync();
    }

    /// <inheritdoc/>
    public string Role { get; }

    /// <inheritdoc/>
    public int Id => _process.Id;

    /// <summary>Starts <paramref name="command"/>: a program and its arguments.</summary>
    public static ChildProcess Start(string role, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.Skip(1).Append(OptionFactory.ExitWithInputName))
        {
            start.ArgumentList.Add(argument);
        }

        return new ChildProcess(role, Process.Start(start) ?? throw new IOException($"{role}: the process could not be started: {command[0]}"));
    }

    /// <inheritdoc/>
    public async Task WaitReadyAsync(CancellationToken cancellation) => await _ready.Task.WaitAsync(cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join(Environment.NewLine, _lastLines);
        }
    }

    /// <summary>How it ended, with what it said last; null where it runs.</summary>
    public string? DescribeEnd() => _process.HasExited
        ? $"Its process {Id.ToString(CultureInfo.InvariantCulture)} ended with code {_process.ExitCode.ToString(CultureInfo.InvariantCulture)}. It said last:{Environment.NewLine}{LastLines()}"
        : null;

    /// <summary>Asks it to end by closing its input, and kills it where it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
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
                _ready.TrySetResult();
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
