using Ferry.Linux.Processes;
using Ferry.Migration.Contracts;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>Takes one machine from a source and runs it.</summary>
/// <remarks>The machine given is one that was made for this and does not run: vCPUs paused, devices fresh. It runs when the source commits, and
/// at no other time by itself. Only <see cref="GetProgress"/> may be called beside another call.</remarks>
public sealed class MigrationDestination
{
    private readonly IMigratableMachine _machine;
    private readonly DestinationOptions _options;
    private ReceiveContext? _context;
    private Reception? _reception;
    private DestinationSteps? _steps;
    private Receiving? _receiving;
    private TakeOver? _takeOver;
    private ReceiveReport? _report;
    private Func<ulong> _peakBytes = static () => 0;
    private MigrationProgress _last;

    /// <summary>A destination for <paramref name="machine"/>.</summary>
    public MigrationDestination(IMigratableMachine machine, DestinationOptions options)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        (_machine, _options) = (machine, options);
    }

    /// <summary>How far it is. Thread-safe.</summary>
    public MigrationProgress GetProgress()
    {
        if (Volatile.Read(ref _context) is not { } context)
        {
            return default;
        }

        var receiving = Volatile.Read(ref _receiving);
        return (receiving is null ? _last : ProgressOf(context, receiving)) with { Phase = context.Phase, Elapsed = _options.Host.Since(context.Began) };
    }

    /// <summary>Why the source that came last was sent away, for people; null where none was.</summary>
    public string? LastRefusal => Volatile.Read(ref _reception)?.LastRefusal;

    /// <summary>Waits for a source and takes its machine. Blocks until it has ended, one way or another.</summary>
    /// <param name="cancellation">Ends it; where the machine is whole already and not committed, in doubt.</param>
    /// <exception cref="InvalidOperationException">It was carried out before.</exception>
    public ReceiveReport Run(CancellationToken cancellation = default)
    {
        if (_context is not null)
        {
            throw new InvalidOperationException("A destination takes one machine.");
        }

        Volatile.Write(ref _context, new ReceiveContext(_machine, _options, cancellation));
        var context = _context!;
        using var memory = new ResidentMemory();
        _peakBytes = memory.SampledPeakBytes;
        _reception = new Reception(context);
        _steps = new DestinationSteps(context);
        ControlChannel? control = null;
        try
        {
            control = _reception.AcceptSource();
            context.Phase = MigrationPhase.Handshake;
            Receive(context, control);
            _report = Report(context);
        }
        // Whatever failed before the machine was whole, the source has it.
        catch (Exception e) when (_takeOver is null)
        {
            TryTell(control, e);
            _report = Discarded(context, e);
        }
        // From there on only the source's word or an operator's ends anything.
        catch (Exception e)
        {
            _takeOver!.Remember(e);
            _report = Report(context);
        }
        finally
        {
            Close();
            control?.Dispose();
        }

        context.Phase = MigrationPhase.Ended;
        context.Events.Ended(OutcomeNames.Of(_report.Outcome), _report.Reason, _report.Downtime, _report.ReceivedPages, _report.ZeroPages, _report.ReceivedBytes);
        return _report;
    }

    /// <summary>Waits for the source of a machine in doubt, and does what it says.</summary>
    /// <exception cref="InvalidOperationException">The machine is not in doubt.</exception>
    public ReceiveReport AwaitSettlement(TimeSpan wait, CancellationToken cancellation = default)
    {
        var context = RequireDoubt();
        _takeOver!.Settle(wait, cancellation);
        context.Phase = MigrationPhase.Ended;
        return _report = Report(context);
    }

    /// <summary>Goes on answering a source that asks, for <paramref name="wait"/>, after a migration was ended by an operator's word.</summary>
    /// <exception cref="InvalidOperationException">The machine was never whole here.</exception>
    public void Answer(TimeSpan wait, CancellationToken cancellation = default)
    {
        if (_takeOver is not { } takeOver || _report is null)
        {
            throw new InvalidOperationException("There is nothing to answer: the machine was never whole here.");
        }

        takeOver.Settle(wait, cancellation);
        _context!.Phase = MigrationPhase.Ended;
    }

    /// <summary>Ends doubt by an operator's word.</summary>
    /// <param name="decision">To be given only by somebody who made sure of what the source does.</param>
    /// <exception cref="InvalidOperationException">The machine is not in doubt.</exception>
    public ReceiveReport Settle(InDoubtDecision decision)
    {
        var context = RequireDoubt();
        if (decision == InDoubtDecision.RunHere)
        {
            _takeOver!.RunHere();
        }
        else
        {
            _takeOver!.Discard("An operator said that the source has the machine.");
        }

        context.Phase = MigrationPhase.Ended;
        return _report = Report(context);
    }

    private ReceiveContext RequireDoubt() => _report is { Outcome: ReceiveOutcome.InDoubt }
        ? _context!
        : throw new InvalidOperationException("The machine is not in doubt.");

    private void Receive(ReceiveContext context, ControlChannel control)
    {
        var receiving = new Receiving(context, control, _steps!);
        Volatile.Write(ref _receiving, receiving);
        receiving.Run(_reception!);
        _takeOver = new TakeOver(context, _reception!, _steps!, Account);
        _takeOver.Run(control);
    }

    private RunningAccount Account()
    {
        var context = _context!;
        return new RunningAccount(context.Downtime, Cpu(context), _peakBytes(), _receiving?.Populate ?? _report?.Populate ?? TimeSpan.Zero);
    }

    private TimeSpan Cpu(ReceiveContext context) =>
        _receiving is not { } receiving ? _report?.Cpu ?? TimeSpan.Zero
        : context.CpuBeforeRounds == TimeSpan.Zero ? TimeSpan.Zero
        : ThreadClock.Now - context.CpuBeforeRounds + context.CrewCpu + receiving.Cpu;

    private static void TryTell(ControlChannel? control, Exception e)
    {
        if (control is null || e is SourceAbortedException)
        {
            return;
        }

        try
        {
            control.SendText(ControlKind.Failed, [(byte)MigrationFailedException.KindOf(e)], e.Message);
        }
        catch (Exception gone) when (gone is IOException or TimeoutException)
        {
            // It will see that the connection ends.
        }
    }

    private ReceiveReport Discarded(ReceiveContext context, Exception failure) => Report(
        context,
        ReceiveOutcome.Discarded,
        failure is SourceAbortedException ? FailureKind.Cancelled : MigrationFailedException.KindOf(failure),
        $"{failure.Message} The machine does not run here.");

    private void Close()
    {
        if (_receiving is { } receiving)
        {
            _last = ProgressOf(_context!, receiving);
            Volatile.Write(ref _receiving, null);
            receiving.Dispose();
        }
    }

    private static MigrationProgress ProgressOf(ReceiveContext context, Receiving receiving) => new(
        context.Phase, (int)receiving.Round, 0, 0, receiving.ReceivedBytes, receiving.ReceivedPages, receiving.ZeroPages, 0, receiving.PopulatedBytes, 0, TimeSpan.Zero, TimeSpan.Zero);

    private ReceiveReport Report(ReceiveContext context) => _takeOver!.State switch
    {
        SettleState.Running => Report(context, ReceiveOutcome.Running, FailureKind.None, null),
        SettleState.Discarded => Report(context, ReceiveOutcome.Discarded, FailureKind.Cancelled, $"{_takeOver.Reason} The machine does not run here."),
        SettleState.StartFailed => Report(context, ReceiveOutcome.InDoubt, FailureKind.Error, $"In doubt: the machine was committed and could not be started: {_takeOver.Reason}"),
        _ => Report(context, ReceiveOutcome.InDoubt, FailureKind.Error, $"In doubt: the machine is whole here and the source did not say whether it may run ({_takeOver.Reason}). It is paused and runs only if the source or an operator says so."),
    };

    private ReceiveReport Report(ReceiveContext context, ReceiveOutcome outcome, FailureKind failure, string? reason)
    {
        var receiving = _receiving;
        return new ReceiveReport
        {
            Outcome = outcome,
            Failure = failure,
            Reason = reason,
            MachineName = context.Description?.Name,
            MemoryVerified = context.MemoryVerified,
            ReceivedBytes = receiving?.ReceivedBytes ?? _report?.ReceivedBytes ?? 0,
            ReceivedPages = receiving?.ReceivedPages ?? _report?.ReceivedPages ?? 0,
            ZeroPages = receiving?.ZeroPages ?? _report?.ZeroPages ?? 0,
            UntouchedZeroPages = receiving?.UntouchedZeroPages ?? _report?.UntouchedZeroPages ?? 0,
            Populate = receiving?.Populate ?? _report?.Populate ?? TimeSpan.Zero,
            Downtime = context.Downtime,
            Cpu = Cpu(context),
            ExtraRssBytes = _peakBytes(),
            Devices = [.. _steps!.Devices.Select(device => device.ToReport())],
            Steps = context.Clock.Report(),
        };
    }
}
