using System.Diagnostics;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ferry.Cli.Ui;

/// <summary>What a verb is doing, step by step: moving on a terminal, one line a step elsewhere. Thread-safe.</summary>
internal sealed class ProgressBoard : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

    private readonly IAnsiConsole _console;
    private readonly bool _live;
    private readonly List<ProgressStep> _steps = [];
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Task _drawing;
    private string _lastPlainPhase = "";
    private long _lastPlainAt;

    /// <summary>A board on <paramref name="console"/>.</summary>
    public ProgressBoard(IAnsiConsole console)
    {
        _console = console;
        _live = console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi;
        _drawing = _live ? Task.Factory.StartNew(Draw, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default) : Task.CompletedTask;
    }

    /// <summary>Starts a step.</summary>
    public ProgressStep Begin(string text)
    {
        var step = new ProgressStep(this, text);
        lock (_lock)
        {
            _steps.Add(step);
        }

        return step;
    }

    /// <summary>Stops drawing; what is shown stays.</summary>
    public void Dispose()
    {
        _stop.Set();
        _drawing.Wait();
        _stop.Dispose();
    }

    /// <summary>Shows how far the migration is that <paramref name="step"/> stands for.</summary>
    internal void Show(ProgressStep step, ProgressDocument progress)
    {
        lock (_lock)
        {
            step.Progress = progress;
            var phase = progress.Round == 0 ? progress.Phase : $"round {progress.Round}: {progress.Phase}";
            if (_live || (phase == _lastPlainPhase && Stopwatch.GetElapsedTime(_lastPlainAt) < TimeSpan.FromSeconds(1)))
            {
                return;
            }

            (_lastPlainPhase, _lastPlainAt) = (phase, Stopwatch.GetTimestamp());
            _console.Profile.Out.Writer.WriteLine($"  {phase}{DescribeAmounts(progress)}");
        }
    }

    /// <summary>Shows that <paramref name="step"/> ended.</summary>
    internal void ShowEnd(ProgressStep step)
    {
        lock (_lock)
        {
            if (!_live)
            {
                var mark = step.State == StepState.Done ? "ok    " : "FAILED";
                _console.Profile.Out.Writer.WriteLine($"{mark} {step.Text}{(step.Detail is null ? "" : $": {step.Detail}")} ({DurationText.ForPeople(step.Elapsed.TotalSeconds)})");
            }
        }
    }

    private static string DescribeAmounts(ProgressDocument progress) =>
        progress.RoundBytes == 0
            ? ""
            : $", {SizeText.ForPeople(progress.RemainingBytes)} of {SizeText.ForPeople(progress.RoundBytes)} left, "
                + $"{SizeText.ForPeople(progress.SentBytes)} sent, {RateText.ForPeople(progress.BytesPerSecond)}";

    private void Draw() => _console.Live(new Text("")).AutoClear(false).Start(context =>
    {
        while (!_stop.Wait(Refresh))
        {
            context.UpdateTarget(Render());
        }

        context.UpdateTarget(Render());
    });

    private Rows Render()
    {
        lock (_lock)
        {
            var lines = new List<IRenderable>();
            foreach (var step in _steps)
            {
                var mark = step.State switch
                {
                    StepState.Done => "[green]✓[/]",
                    StepState.Failed => "[red]✗[/]",
                    _ => $"[yellow]{Spinner[(int)(step.Elapsed.TotalMilliseconds / 100) % Spinner.Length]}[/]",
                };
                var detail = step.Detail is null ? "" : $" [grey]{Markup.Escape(step.Detail)}[/]";
                lines.Add(new Markup($"{mark} {Markup.Escape(step.Text)}{detail} [grey]{DurationText.ForPeople(step.Elapsed.TotalSeconds)}[/]"));
                if (step is { State: StepState.Active, Progress: { } progress })
                {
                    lines.Add(new Markup(Bar(progress)));
                }
            }

            return new Rows(lines);
        }
    }

    private static string Bar(ProgressDocument progress)
    {
        const int width = 32;
        var done = progress.RoundBytes == 0 ? 0 : 1 - Math.Min(1, (double)progress.RemainingBytes / progress.RoundBytes);
        var filled = (int)(done * width);
        var round = progress.Round == 0 ? "" : $"round {progress.Round} ";
        return $"  [blue]{new string('━', filled)}[/][grey]{new string('─', width - filled)}[/] {round}{Markup.Escape(progress.Phase + DescribeAmounts(progress))}";
    }
}
