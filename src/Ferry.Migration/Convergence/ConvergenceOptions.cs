namespace Ferry.Migration.Convergence;

/// <summary>When a migration switches over, and what it does when it doesn't get there.</summary>
public sealed record ConvergenceOptions
{
    /// <summary>The downtime that may be predicted at switchover; at least 1 ms.</summary>
    public TimeSpan DowntimeLimit { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>What of the limit is kept free for all that a switchover takes and no round shows: pausing, devices' arcs, the vCPUs' state, the
    /// stop of trackers, the destination's start, hashes; 0 to <see cref="DowntimeLimit"/>.</summary>
    /// <remarks>The default is the turns of a fast link alone. <c>ferry bench</c> measures it for a host, and <c>ferry advise</c> gives it.</remarks>
    public TimeSpan SwitchoverOverhead { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>The rounds after which <see cref="OnStall"/> follows, stall or not; at least 1.</summary>
    public int MaxRounds { get; init; } = 100;

    /// <summary>The time in rounds after which <see cref="OnStall"/> follows, stall or not; positive.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What a stall, or one of the two limits, leads to.</summary>
    public StallAction OnStall { get; init; } = StallAction.Stop;

    /// <summary>What follows when throttling or stretching is at its end: <see cref="StallAction.Stop"/> or <see cref="StallAction.Fail"/>.</summary>
    public StallAction WhenExhausted { get; init; } = StallAction.Fail;

    /// <summary>The rounds that are compared with all earlier ones to tell a stall; 2 to 64.</summary>
    public int StallWindowRounds { get; init; } = 3;

    /// <summary>The part by which what remains must shrink over a window for it not to be a stall; more than 0, less than 1.</summary>
    public double StallShrink { get; init; } = 0.1;

    /// <summary>The most rounds spent after a stall on waiting for a low point; 0 to 1000.</summary>
    public int LowPointRounds { get; init; } = 8;

    /// <summary>How far above the least that was seen a low point may lie, as a part of it; 0 or more.</summary>
    public double LowPointTolerance { get; init; } = 0.1;

    /// <summary>The first throttle, in percent of the vCPUs' time; 1 to <see cref="ThrottleMaxPercent"/>.</summary>
    public int ThrottleInitialPercent { get; init; } = 20;

    /// <summary>What each further step adds, in percent; 1 or more.</summary>
    public int ThrottleStepPercent { get; init; } = 10;

    /// <summary>The strongest throttle, in percent; at most 99.</summary>
    public int ThrottleMaxPercent { get; init; } = 95;

    /// <summary>What each step multiplies the downtime limit by; at least 1.01.</summary>
    public double StretchFactor { get; init; } = 1.5;

    /// <summary>What the downtime limit is never raised above; at least <see cref="DowntimeLimit"/>.</summary>
    public TimeSpan StretchCeiling { get; init; } = TimeSpan.FromSeconds(2);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(DowntimeLimit, TimeSpan.FromMilliseconds(1));
        Require(
            SwitchoverOverhead >= TimeSpan.Zero && SwitchoverOverhead <= DowntimeLimit,
            nameof(SwitchoverOverhead), SwitchoverOverhead, $"0 to the downtime limit, {DowntimeLimit}");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRounds, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MaxTime, TimeSpan.Zero);
        Require(Enum.IsDefined(OnStall), nameof(OnStall), OnStall, "stop, fail, throttle or stretch");
        Require(WhenExhausted is StallAction.Stop or StallAction.Fail, nameof(WhenExhausted), WhenExhausted, "stop or fail");
        Require(StallWindowRounds is >= 2 and <= 64, nameof(StallWindowRounds), StallWindowRounds, "2 to 64");
        Require(StallShrink is > 0 and < 1, nameof(StallShrink), StallShrink, "more than 0 and less than 1");
        Require(LowPointRounds is >= 0 and <= 1000, nameof(LowPointRounds), LowPointRounds, "0 to 1000");
        Require(LowPointTolerance >= 0 && double.IsFinite(LowPointTolerance), nameof(LowPointTolerance), LowPointTolerance, "0 or more");
        Require(ThrottleMaxPercent is >= 1 and <= 99, nameof(ThrottleMaxPercent), ThrottleMaxPercent, "1 to 99");
        Require(
            ThrottleInitialPercent >= 1 && ThrottleInitialPercent <= ThrottleMaxPercent,
            nameof(ThrottleInitialPercent), ThrottleInitialPercent, "1 to the maximum");
        Require(ThrottleStepPercent is >= 1 and <= 99, nameof(ThrottleStepPercent), ThrottleStepPercent, "1 to 99");
        // A factor that hardly raises anything would take for ever to reach the ceiling.
        Require(StretchFactor >= 1.01 && double.IsFinite(StretchFactor), nameof(StretchFactor), StretchFactor, "at least 1.01");
        Require(
            OnStall != StallAction.Stretch || StretchCeiling >= DowntimeLimit,
            nameof(StretchCeiling), StretchCeiling, $"at least the downtime limit, {DowntimeLimit}");
    }

    private static void Require(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"Allowed: {allowed}.");
        }
    }
}
