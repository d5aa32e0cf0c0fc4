using System.Diagnostics;
using Ferry.Cli.Documents;

namespace Ferry.Cli.Ui;

/// <summary>One step on a <see cref="ProgressBoard"/>. A step that is disposed without having been done failed.</summary>
internal sealed class ProgressStep(ProgressBoard board, string text) : IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan? _ended;

    /// <summary>What it does.</summary>
    public string Text { get; } = text;

    /// <summary>What came of it, or null.</summary>
    public string? Detail { get; private set; }

    /// <summary>How it stands.</summary>
    public StepState State { get; private set; }

    /// <summary>How long it has taken, or took.</summary>
    public TimeSpan Elapsed => _ended ?? Stopwatch.GetElapsedTime(_start);

    /// <summary>How far the migration is that it stands for, or null.</summary>
    public ProgressDocument? Progress { get; internal set; }

    /// <summary>Shows how far a migration is.</summary>
    public void Show(ProgressDocument progress) => board.Show(this, progress);

    /// <summary>It is done.</summary>
    public void Done(string? detail = null) => End(StepState.Done, detail);

    /// <summary>It failed.</summary>
    public void Fail(string? detail = null) => End(StepState.Failed, detail);

    /// <inheritdoc/>
    public void Dispose() => Fail();

    private void End(StepState state, string? detail)
    {
        if (State == StepState.Active)
        {
            (_ended, Detail, State) = (Elapsed, detail, state);
            board.ShowEnd(this);
        }
    }
}
