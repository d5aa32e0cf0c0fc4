namespace Ferry.Migration.Convergence;

/// <summary>Decides after each round whether a migration goes on, switches over, throttles, stretches its limit or ends.</summary>
/// <remarks>Fed once a round, after its sync. Every sequence of samples ends in a switchover or a failure within
/// <see cref="MaxDecisions"/> calls. Allocates nothing after construction. Not thread-safe.</remarks>
public sealed class ConvergencePolicy
{
    // What a round is taken to divide what remains by: this before two rounds have shown it, and never less or more than the others.
    private const double ExpectedShrink = 4;
    private const double LeastShrink = 1.25;
    private const double MostShrink = 64;

    private readonly ConvergenceOptions _options;
    private readonly StallDetector _stall;
    private readonly LowPointSeeker _lowPoint;
    private BandwidthEstimate _bandwidth;
    private TimeSpan _elapsed;
    private TimeSpan _fixed;
    private long _remaining;
    private double _shrink = ExpectedShrink;
    private DecisionReason _reached = DecisionReason.Shrinking;
    private bool _isSeekingLowPoint;
    private int _roundsExhausted;
    private bool _isOver;

    /// <summary>A policy at the start of a migration.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside what its documentation allows.</exception>
    public ConvergencePolicy(ConvergenceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _stall = new StallDetector(options.StallWindowRounds, options.StallShrink);
        _lowPoint = new LowPointSeeker(options.LowPointRounds, options.LowPointTolerance);
        DowntimeLimit = options.DowntimeLimit;
    }

    /// <summary>The samples seen.</summary>
    public int Rounds { get; private set; }

    /// <summary>The downtime limit that holds now.</summary>
    public TimeSpan DowntimeLimit { get; private set; }

    /// <summary>The throttle that holds now, in percent.</summary>
    public int ThrottlePercent { get; private set; }

    /// <summary>The smoothed bandwidth in guest bytes a second; 0 where none was measured.</summary>
    public double BytesPerSecond => _bandwidth.BytesPerSecond;

    /// <summary>The most calls of <see cref="Next"/> that can go by before the last decision.</summary>
    public int MaxDecisions
    {
        get
        {
            var steps = _options.OnStall switch
            {
                StallAction.Throttle => 2 + ((_options.ThrottleMaxPercent - _options.ThrottleInitialPercent) / _options.ThrottleStepPercent),
                StallAction.Stretch => 2 + (int)Math.Ceiling(Math.Log(_options.StretchCeiling / _options.DowntimeLimit) / Math.Log(_options.StretchFactor)),
                _ => 0,
            };
            return (int)Math.Min(int.MaxValue, (long)_options.MaxRounds + steps + _options.LowPointRounds + 1);
        }
    }

    /// <summary>Takes in what a round showed and says what follows.</summary>
    /// <exception cref="InvalidOperationException">The last decision was a switchover or a failure.</exception>
    public Decision Next(in RoundSample sample)
    {
        if (_isOver)
        {
            throw new InvalidOperationException("The policy has decided: no round follows a switchover or a failure.");
        }

        Rounds++;
        _elapsed += Clamp(sample.Duration, TimeSpan.MaxValue - _elapsed);
        _bandwidth.Add(sample);
        var remaining = Math.Max(0, sample.RemainingBytes);
        if (Rounds > 1)
        {
            _shrink = Math.Clamp((double)_remaining / Math.Max(1, remaining), LeastShrink, MostShrink);
        }

        _remaining = remaining;
        var isStalled = _stall.Add(remaining);
        _lowPoint.Observe(remaining);
        _fixed = Clamp(sample.FixedOverhead, TimeSpan.FromDays(1)) + _options.SwitchoverOverhead;
        var predicted = Predict(remaining, sample);
        if (predicted <= DowntimeLimit)
        {
            return End(DecisionKind.SwitchOver, DecisionReason.WithinLimit, predicted);
        }

        var reason = ReasonToAct(isStalled);
        return _isSeekingLowPoint ? SeekLowPoint(reason, predicted, remaining)
            : reason == DecisionReason.Shrinking ? Answer(DecisionKind.Continue, reason, predicted)
            : React(_options.OnStall, reason, predicted, remaining);
    }

    private static TimeSpan Clamp(TimeSpan value, TimeSpan limit) =>
        value < TimeSpan.Zero ? TimeSpan.Zero : value > limit ? limit : value;

    private TimeSpan Predict(long remaining, in RoundSample sample)
    {
        var seconds = ((double)remaining + Math.Max(0, sample.DeviceBytes)) is var bytes and > 0
            ? bytes / _bandwidth.BytesPerSecond
            : 0;
        // A bandwidth that is not known is zero here, which gives infinity.
        return seconds >= TimeSpan.MaxValue.TotalSeconds
            ? TimeSpan.MaxValue
            : _fixed + TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
    }

    // A limit that was reached stays reached, and so does the reason to wait for a low point; a stall may end.
    private DecisionReason ReasonToAct(bool isStalled)
    {
        if (_reached == DecisionReason.Shrinking)
        {
            _reached = Rounds >= _options.MaxRounds ? DecisionReason.RoundLimit
                : _elapsed >= _options.MaxTime ? DecisionReason.TimeLimit
                : DecisionReason.Shrinking;
        }

        return _reached == DecisionReason.Shrinking && (isStalled || _isSeekingLowPoint) ? DecisionReason.Stalled : _reached;
    }

    private Decision React(StallAction action, DecisionReason reason, TimeSpan predicted, long remaining)
    {
        switch (action)
        {
            case StallAction.Stop:
                _isSeekingLowPoint = true;
                return SeekLowPoint(reason, predicted, remaining);
            case StallAction.Throttle when ThrottlePercent < _options.ThrottleMaxPercent:
                ThrottlePercent = ThrottlePercent == 0
                    ? _options.ThrottleInitialPercent
                    : Math.Min(_options.ThrottleMaxPercent, ThrottlePercent + _options.ThrottleStepPercent);
                _stall.Restart();
                return Answer(DecisionKind.Throttle, reason, predicted);
            case StallAction.Stretch when DowntimeLimit < _options.StretchCeiling:
                DowntimeLimit = DowntimeLimit < _options.StretchCeiling / _options.StretchFactor ? DowntimeLimit * _options.StretchFactor : _options.StretchCeiling;
                return predicted <= DowntimeLimit
                    ? End(DecisionKind.SwitchOver, reason, predicted)
                    : Answer(DecisionKind.Stretch, reason, predicted);
            // The last step has yet to show what it does, and what remains may come down for a moment.
            case StallAction.Throttle or StallAction.Stretch when _options.WhenExhausted == StallAction.Fail && _roundsExhausted < _options.LowPointRounds:
                _roundsExhausted++;
                return Answer(DecisionKind.Continue, reason, predicted);
            case StallAction.Fail:
                return End(DecisionKind.Fail, reason, predicted);
            default:
                return React(_options.WhenExhausted, reason, predicted, remaining);
        }
    }

    private Decision SeekLowPoint(DecisionReason reason, TimeSpan predicted, long remaining) => _lowPoint.Accepts(remaining)
        ? End(DecisionKind.SwitchOver, reason, predicted)
        : Answer(DecisionKind.Continue, reason, predicted);

    private Decision End(DecisionKind kind, DecisionReason reason, TimeSpan predicted)
    {
        _isOver = true;
        if (kind == DecisionKind.Fail)
        {
            ThrottlePercent = 0;
        }

        return Answer(kind, reason, predicted);
    }

    private Decision Answer(DecisionKind kind, DecisionReason reason, TimeSpan predicted) => new()
    {
        Kind = kind,
        Reason = reason,
        PredictedDowntime = predicted,
        DowntimeLimit = DowntimeLimit,
        ThrottlePercent = ThrottlePercent,
        RoundsLeft = RoundsLeft(predicted),
    };

    // A round at which the most is reached may be the last, whatever remains.
    private int RoundsLeft(TimeSpan predicted)
    {
        // Rounds shrink what is copied, and not what comes on top of it.
        var (copy, limit) = (predicted - _fixed, DowntimeLimit - _fixed);
        var excess = predicted == TimeSpan.MaxValue || limit <= TimeSpan.Zero ? double.PositiveInfinity : copy / limit;
        var rounds = _isSeekingLowPoint || predicted <= DowntimeLimit ? 1 : Math.Ceiling(Math.Log(excess) / Math.Log(_shrink));
        return (int)Math.Max(1, Math.Min(rounds, Rounds < _options.MaxRounds ? _options.MaxRounds - Rounds : int.MaxValue));
    }
}
