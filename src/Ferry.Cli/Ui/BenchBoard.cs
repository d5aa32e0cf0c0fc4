using System.Diagnostics;
using System.Globalization;
using Ferry.Bench.Measuring;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>How far a bench is: one line that is replaced on a terminal, a line now and then elsewhere.</summary>
internal sealed class BenchBoard(IAnsiConsole console) : IDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private readonly bool _live = console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi;
    private long _lastAt;
    private bool _shown;

    /// <summary>Shows how far it is; cheap to call often.</summary>
    public void Show(BenchProgress progress)
    {
        if (_lastAt != 0 && Stopwatch.GetElapsedTime(_lastAt) < (_live ? Between : BetweenLines))
        {
            return;
        }

        _lastAt = Stopwatch.GetTimestamp();
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{progress.Done + 1} of {progress.Count}: {progress.Current}, {DurationText.ForPeople(Math.Max(1, Math.Round(progress.Left.TotalSeconds)))} left");
        if (_live)
        {
            Write(text.Length < console.Profile.Width ? text : text[..(console.Profile.Width - 1)]);
            _shown = true;
        }
        else
        {
            console.Profile.Out.Writer.WriteLine(text);
        }
    }

    /// <summary>Says something that stays.</summary>
    public void Say(string text)
    {
        Clear();
        console.Profile.Out.Writer.WriteLine($"bench: {text}");
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private void Clear()
    {
        if (_shown)
        {
            Write("");
            _shown = false;
        }
    }

    // Return to the start of the line, and erase it.
    private void Write(string text)
    {
        console.Profile.Out.Writer.Write($"\r\u001b[2K{text}");
        console.Profile.Out.Writer.Flush();
    }
}
