using Ferry.Linux.Processes;
using Ferry.Migration.Contracts;
using Ferry.Migration.Convergence;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>Moves a running machine to a destination, once.</summary>
/// <remarks>Until commit whatever fails leaves the machine running here; after it the machine never runs here by itself. Only
/// <see cref="GetProgress"/> may be called beside another call.</remarks>
public sealed class MigrationSource
{
    private readonly IMigratableMachine _machine;
    private readonly SourceOptions _options;
    private SourceContext? _context;
    private SourceSteps? _steps;
    private ChannelTeam? _team;
    private HandOver? _handOver;
    private MigrationReport? _report;
    private ulong _sentBytes;
    private ulong _sentPages;
    private ulong _zeroPages;
    private TimeSpan _cpu;

    /// <summary>A migration of <paramref name="machine"/>, which runs.</summary>
    /// <exception cref="ArgumentException">An option is out of its bounds, or the plan names a tracker that is not there.</exception>
    public MigrationSource(IMigratableMachine machine, SourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Channels, SourceOptions.MaxChannels);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BandwidthBytesPerSecond ?? 1, 1);
        // Both say at once what is wrong with what they are given.
        _ = new TrackerSet(options.Host, options.Plan, options.Trackers, null);
        _ = new ConvergencePolicy(options.Convergence);
        (_machine, _options) = (machine, options);
    }

    /// <summary>How far it is. Thread-safe, allocates nothing.</summary>
    public MigrationProgress GetProgress()
    {
        if (Volatile.Read(ref _context) is not { } context)
        {
            return default;
        }

        var team = Volatile.Read(ref _team);
        var (pages, zeroPages) = (team?.SentPages ?? _sentPages, team?.ZeroPages ?? _zeroPages);
        var roundPages = context.RoundPages;
        var done = pages + zeroPages - context.PagesBeforeRound;
        return new MigrationProgress(
            context.Phase,
            (int)context.Round,
            roundPages,
            roundPages - Math.Min(roundPages, done),
            team?.SentBytes ?? _sentBytes,
            pages,
            zeroPages,
            Bandwidth(context, team?.SentBytes ?? 0),
            context.PopulatedBytes,
            context.ThrottlePercent,
            context.DowntimeLimit,
            _options.Host.Since(context.Began));
    }

    /// <summary>Carries the migration out. Blocks until it has ended, one way or another.</summary>
    /// <param name="cancellation">Ends it and rolls back, where it comes before commit; after commit it only ends waiting, in doubt.</param>
    /// <exception cref="InvalidOperationException">It was carried out before.</exception>
    public MigrationReport Run(CancellationToken cancellation = default)
    {
        if (_context is not null)
        {
            throw new InvalidOperationException("A migration is carried out once.");
        }

        Volatile.Write(ref _context, new SourceContext(_machine, _options, cancellation));
        var context = _context!;
        using var memory = new ResidentMemory();
        using var dirty = new DirtyPages(_machine, context.Layout, context.Trackers);
        context.Events.Began(context.MigrationId);
        _steps = new SourceSteps(context, dirty);
        SourceLink? link = null;
        try
        {
            context.Phase = MigrationPhase.Handshake;
            link = SourceLink.Open(context, ConnectionKind.Control);
            _report = Outcome(context, () => Migrate(context, link, dirty), link);
        }
        catch (Exception e) when (e is IOException or TimeoutException && link is null)
        {
            _report = Report(context, MigrationOutcome.RolledBack, FailureKind.Error, $"{e.Message} The machine runs on here.");
        }
        finally
        {
            context.Trackers.Close("the migration ended");
            context.Trackers.Dispose();
            Close(link);
        }

        _cpu += context.RoundsBegan == 0 ? TimeSpan.Zero : ThreadClock.Now - context.CpuBeforeRounds + _steps.CrewCpu;
        context.Phase = MigrationPhase.Ended;
        _report = _report with
        {
            SentBytes = _sentBytes,
            SentPages = _sentPages,
            ZeroPages = _zeroPages,
            SourceCpu = _cpu,
            SourceExtraRssBytes = memory.SampledPeakBytes(),
        };
        context.Events.Ended(OutcomeNames.Of(_report.Outcome), _report.Reason, _report.Downtime, _sentPages, _zeroPages, _sentBytes);
        return _report;
    }

    /// <summary>Asks the destination of a migration in doubt again who runs, as often as the options say.</summary>
    /// <exception cref="InvalidOperationException">The migration is not in doubt.</exception>
    public MigrationReport AskAgain(CancellationToken cancellation = default)
    {
        var context = RequireDoubt();
        _report = Outcome(context, () => _handOver!.Settle("nobody was asked", cancellation), link: null);
        context.Phase = MigrationPhase.Ended;
        return _report;
    }

    /// <summary>Ends a migration in doubt by an operator's word.</summary>
    /// <param name="decision">To be given only by somebody who made sure of what the destination does.</param>
    /// <exception cref="InvalidOperationException">The migration is not in doubt.</exception>
    public MigrationReport Settle(InDoubtDecision decision)
    {
        var context = RequireDoubt();
        if (decision == InDoubtDecision.GiveUpHere)
        {
            _report = _report! with { Outcome = MigrationOutcome.Completed, Failure = FailureKind.None, Reason = "An operator said that the destination has the machine." };
        }
        else
        {
            context.IsCommitted = false;
            _report = RolledBack(context, FailureKind.Error, "An operator said that the destination does not have the machine.");
        }

        context.Phase = MigrationPhase.Ended;
        return _report;
    }

    /// <summary>Changes who tracks a source, at the sync of the next round. Thread-safe.</summary>
    /// <remarks>Nothing is lost by it: what comes starts before what goes stops. Where the same provider is to go on at another page size there is
    /// no such overlap, and everything counts as dirty once.</remarks>
    /// <returns>Ends when the change is made. Fails with an <see cref="InvalidOperationException"/> where the migration is not in its rounds, or the
    /// source would be left without a tracker, and with a <see cref="Ferry.Tracking.TrackerStartException"/> where the tracker doesn't start; then
    /// all is as it was.</returns>
    public Task ChangeTrackerAsync(TrackerChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Kind != TrackerChangeKind.Drop)
        {
            ArgumentNullException.ThrowIfNull(change.Provider);
        }

        return _options.Plan.RoundLimit is null && Volatile.Read(ref _context) is { } context
            ? context.Trackers.Request(change)
            : throw new InvalidOperationException("Nothing was changed: the migration tracks nothing.");
    }

    // Before a round has ended there is only what was sent so far.
    private static double Bandwidth(SourceContext context, ulong sentBytes) =>
        context.BytesPerSecond > 0 || context.RoundsBegan == 0
            ? context.BytesPerSecond
            : sentBytes / Math.Max(context.Host.Since(context.RoundsBegan).TotalSeconds, 1e-3);

    private SourceContext RequireDoubt() => _report is { Outcome: MigrationOutcome.InDoubt }
        ? _context!
        : throw new InvalidOperationException("The migration is not in doubt.");

    private void Migrate(SourceContext context, SourceLink link, DirtyPages dirty)
    {
        var steps = _steps!;
        steps.Link = link;
        Handshake.Introduce(context, link);
        context.Phase = MigrationPhase.Populate;
        steps.Team = Handshake.OpenChannels(context, link, dirty);
        Volatile.Write(ref _team, steps.Team);
        steps.HandOver = _handOver = new HandOver(context, link);
        context.Phase = MigrationPhase.Setup;
        steps.Run(_options.Plan.Setup);
        context.CpuBeforeRounds = ThreadClock.Now;
        context.RoundsBegan = _options.Host.Now();
        context.Phase = MigrationPhase.Rounds;
        Rounds.Run(context, steps, steps.Team, dirty);
        context.Phase = MigrationPhase.Switchover;
        steps.Run(_options.Plan.Switchover);
    }

    private MigrationReport Outcome(SourceContext context, Action action, SourceLink? link)
    {
        try
        {
            action();
            return Report(context, MigrationOutcome.Completed, FailureKind.None, null);
        }
        catch (InDoubtException e)
        {
            return Report(
                context,
                MigrationOutcome.InDoubt,
                FailureKind.Error,
                $"In doubt: the machine was given to {_options.Connector.Peer}, which did not say that it runs ({e.Message}). It is paused here and runs only if an operator says so.");
        }
        // Whatever failed, the machine has to run on here.
        catch (Exception e) when (!context.IsCommitted)
        {
            var better = LastWord(link, e);
            return RolledBack(context, MigrationFailedException.KindOf(better), better.Message, link);
        }
        catch (Exception e)
        {
            return Report(context, MigrationOutcome.InDoubt, FailureKind.Error, $"In doubt: {e.Message}");
        }
    }

    // A link that broke may have broken because the destination gave up, and then it said why.
    private static Exception LastWord(SourceLink? link, Exception failure)
    {
        if (link is not null && failure is IOException or TimeoutException or StreamProtocolException or MigrationFailedException { Kind: FailureKind.Error })
        {
            try
            {
                link!.ThrowLastWord();
            }
            catch (MigrationFailedException said)
            {
                return said;
            }
        }

        return failure;
    }

    private MigrationReport RolledBack(SourceContext context, FailureKind failure, string reason, SourceLink? link = null)
    {
        // The guest comes first: the destination never runs without a commit, told or not.
        var mayBePrepared = _handOver is { MayBePrepared: true };
        context.Phase = MigrationPhase.RollingBack;
        var lost = SourceRollback.Run(context, _steps!);
        if (context.PauseBegan != 0)
        {
            context.Downtime = _options.Host.Since(context.PauseBegan);
        }

        var isTold = HandOver.Abort(context, link, mayBePrepared, reason) || !mayBePrepared;
        return Report(
            context,
            MigrationOutcome.RolledBack,
            failure,
            $"{reason} The machine runs on here.{(lost is null ? "" : $" But not as before: {lost}.")}{(isTold ? "" : " The destination could not be told and may be in doubt; it never runs by itself.")}");
    }

    private void Close(SourceLink? link)
    {
        if (_team is { } team)
        {
            (_sentBytes, _sentPages, _zeroPages, _cpu) = (team.SentBytes, team.SentPages, team.ZeroPages, team.Cpu);
            Volatile.Write(ref _team, null);
            team.Dispose();
        }

        link?.Dispose();
    }

    private MigrationReport Report(SourceContext context, MigrationOutcome outcome, FailureKind failure, string? reason) => new()
    {
        Outcome = outcome,
        Failure = failure,
        Reason = reason,
        MemoryVerified = context.MemoryVerified,
        Accelerator = _machine.Accelerator,
        MemoryBytes = _machine.Memory.TotalBytes,
        Rounds = [.. context.Rounds],
        Converged = context.Converged,
        SwitchoverReason = context.SwitchoverReason,
        Setup = context.RoundsBegan == 0 ? _options.Host.Since(context.Began) : _options.Host.Time.GetElapsedTime(context.Began, context.RoundsBegan),
        Populate = context.Destination.Populate > context.Populate ? context.Destination.Populate : context.Populate,
        Total = context.RoundsBegan == 0 ? TimeSpan.Zero : _options.Host.Since(context.RoundsBegan),
        Downtime = context.Downtime,
        DowntimeParts = context.Clock.Report(2, "pause vCPUs"),
        DestinationDowntime = context.Destination.Downtime,
        SentBytes = _sentBytes,
        SentPages = _sentPages,
        ZeroPages = _zeroPages,
        SourceCpu = _cpu,
        DestinationCpu = context.Destination.Cpu,
        SourceExtraRssBytes = _report?.SourceExtraRssBytes ?? 0,
        DestinationExtraRssBytes = context.Destination.ExtraRssBytes,
        Trackers = [.. context.Trackers.All.Select(tracker => tracker.ToReport())],
        Devices = [.. _steps!.Devices.Select(device => device.ToReport())],
        Steps = context.Clock.Report(),
    };
}
