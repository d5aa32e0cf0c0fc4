using Ferry.Bench.Profiles;
using Ferry.Migration.Convergence;

namespace Ferry.Bench.Model;

/// <summary>Predicts a migration round by round. docs/cost-model.md has the formulas and says where they are wrong.</summary>
/// <remarks>The decisions are the engine's own: each predicted round is given to a <see cref="ConvergencePolicy"/>. Without state; any thread.</remarks>
public sealed class PreCopyModel(EngineCosts engine, LinkCosts link)
{
    // What the engine assumes for the turns of a switchover when it tells its policy of a fixed overhead.
    private static readonly TimeSpan AssumedTurns = TimeSpan.FromMilliseconds(1);

    /// <summary>Predicts the migration of <paramref name="workload"/> under <paramref name="policy"/>.</summary>
    /// <exception cref="ArgumentException">A source of writes has no tracker.</exception>
    public Prediction Predict(Workload workload, PolicyChoice policy)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(policy);
        var run = new Run(engine, link, workload, policy);
        var convergence = new ConvergencePolicy(policy.Convergence);
        for (var roundsLeft = int.MaxValue; ;)
        {
            var sample = run.Round(convergence.ThrottlePercent / 100.0, roundsLeft);
            var decision = convergence.Next(sample);
            run.Note(decision);
            roundsLeft = decision.RoundsLeft;
            if (decision.Kind is DecisionKind.SwitchOver or DecisionKind.Fail)
            {
                return run.End(decision);
            }
        }
    }

    private sealed class Run(EngineCosts engine, LinkCosts link, Workload workload, PolicyChoice policy)
    {
        private readonly (WriterLoad Load, TrackedWriter Tracker)[] _writers =
        [
            .. workload.Writers.Select(load => (load, policy.Trackers.FirstOrDefault(tracker => tracker.Source == load.Source)
                ?? throw new ArgumentException($"The policy has no tracker for {load.Source}.", nameof(policy)))),
        ];

        private readonly List<PredictedRound> _rounds = [];
        private readonly double[] _p2pSeconds = new double[workload.Writers.Count];
        private readonly double[] _found = new double[workload.Writers.Count];
        private readonly bool[] _wasSilent = new bool[workload.Writers.Count];
        private double _remaining = workload.DataBytes;
        private double _copied;
        private double _seconds;
        private double _throttledSeconds;
        private double _reportCpu;
        private double _sent;
        private double _lastSync;
        private double _lastRound;

        internal RoundSample Round(double throttle, int roundsLeft)
        {
            _copied = _remaining;
            var isFirst = _rounds.Count == 0;
            var copy = CopySeconds(_copied, isFirst) + (isFirst ? workload.ZeroBytes / (engine.ZeroBytesPerSecond * policy.Channels) : 0);
            var (dirty, sync) = Sync(copy + engine.RoundSeconds, throttle, roundsLeft);
            (_lastSync, _lastRound) = (sync, copy + engine.RoundSeconds + sync);
            _remaining = dirty;
            _seconds += _lastRound;
            _throttledSeconds += _lastRound * throttle;
            _sent += WireBytes(_copied);
            return new RoundSample
            {
                BytesSent = (long)WireBytes(_copied),
                Duration = TimeSpan.FromSeconds(Math.Min(_lastRound, 1e9)),
                RemainingBytes = (long)_remaining,
                BytesPerSecond = _copied / Math.Max(copy, 1e-6),
                DeviceBytes = (long)workload.DeviceStateBytes,
                FixedOverhead = TimeSpan.FromSeconds(Math.Min(sync, 1e6)) + AssumedTurns,
            };
        }

        internal void Note(in Decision decision) => _rounds.Add(new PredictedRound(_copied, _lastRound, _remaining, decision));

        internal Prediction End(in Decision decision)
        {
            var moves = decision.Kind == DecisionKind.SwitchOver;
            var slowest = DeviceSlowdown();
            var downtime = moves ? Downtime() : 0;
            var guest = _writers.Where(writer => !writer.Load.IsDevice).Select(writer => Slowdown(writer.Load, writer.Tracker.Costs)).FirstOrDefault();
            return new Prediction
            {
                Moves = moves,
                Converges = decision.Converged,
                TotalSeconds = _seconds + downtime,
                DowntimeSeconds = downtime,
                SentBytes = _sent + (moves ? WireBytes(_remaining) + workload.DeviceStateBytes : 0),
                DeviceSlowdown = slowest,
                GuestSlowdown = 1 - ((1 - guest) * (1 - (_throttledSeconds / Math.Max(_seconds, 1e-9)))),
                CpuSeconds = engine.CpuSeconds + _reportCpu + CpuOfCopies(),
                Rounds = _rounds,
            };
        }

        private double DeviceSlowdown()
        {
            var slowest = 0.0;
            for (var i = 0; i < _writers.Length; i++)
            {
                if (_writers[i].Load.IsDevice)
                {
                    slowest = Math.Max(slowest, 1 - ((1 - Slowdown(_writers[i].Load, _writers[i].Tracker.Costs)) * (1 - DeviceShare(i))));
                }
            }

            return slowest;
        }

        // What is written between the last sync and the stop is copied too, where it is not the same pages; devices' arcs and states follow.
        private double Downtime()
        {
            var devices = _writers.Count(writer => writer.Load.IsDevice);
            double[] before = [.. _found];
            var (_, sync) = Sync(devices * engine.DeviceSeconds, 0, roundsLeft: int.MaxValue);
            _remaining = 0;
            for (var i = 0; i < _writers.Length; i++)
            {
                _remaining += Joined(_writers[i].Load.Pattern, Whole(i), before[i], _found[i]);
            }

            _remaining = Math.Min(_remaining, workload.DataBytes);
            return engine.SwitchoverSeconds + (devices * engine.DeviceSeconds) + (3 * link.RoundTripSeconds) + sync
                + CopySeconds(_remaining, isFirst: false)
                + (workload.DeviceStateBytes / Math.Min(link.BytesPerSecond, engine.CopyBytesPerSecond))
                + _writers.Sum(writer => writer.Tracker.Costs.StopSeconds)
                + (policy.Verify ? workload.DataBytes / engine.VerifyBytesPerSecond : 0);
        }

        private double CopySeconds(double bytes, bool isFirst)
        {
            var copy = Math.Min(engine.CopyBytesPerSecond * policy.Channels, engine.MostCopyBytesPerSecond);
            var rate = Math.Min(copy, policy.Codec.BytesPerSecond * policy.Channels);
            rate = isFirst ? Math.Min(rate, engine.PopulateBytesPerSecond) : rate;
            var onLink = Math.Max(0, (WireBytes(bytes) / link.BytesPerSecond) - link.BurstSeconds);
            return engine.CopySeconds + link.RoundTripSeconds + Math.Max(bytes / rate, onLink);
        }

        // What the round wrote until the sync found it, and how long that sync took. Devices write on while earlier trackers are read.
        private (double Dirty, double Seconds) Sync(double writing, double throttle, int roundsLeft)
        {
            var dirty = 0.0;
            var seconds = 0.0;
            for (var i = 0; i < _writers.Length; i++)
            {
                var (load, tracker) = _writers[i];
                var work = _rounds.Count == 0 ? engine.WorkPartInFirstRound : engine.WorkPart;
                var rate = load.DirtyBytesPerSecond * work * (1 - Slowdown(load, tracker.Costs)) * (load.IsDevice ? 1 - DeviceShare(i) : 1 - throttle);
                var found = tracker.Costs.Precision switch
                {
                    ReportPrecision.Mapped => workload.DataBytes,
                    ReportPrecision.Pinned => Whole(i),
                    _ => Math.Min(DirtyGrowth.Bytes(load, rate, tracker.Costs.PageBytes, writing + (_wasSilent[i] ? 0 : _lastSync)), workload.MemoryBytes),
                };
                var report = tracker.Costs.SecondsOfReport(workload.MemoryBytes, tracker.Costs.Precision == ReportPrecision.Mapped ? workload.MemoryBytes : found);
                _found[i] = found;
                dirty += found;
                _reportCpu += report;
                _wasSilent[i] = load.IsDevice && tracker.Sync.LastRounds >= roundsLeft;
                if (_wasSilent[i])
                {
                    _p2pSeconds[i] += engine.P2PSeconds + report;
                    report += engine.P2PSeconds;
                }

                seconds += report;
            }

            return (Math.Min(dirty, workload.DataBytes), seconds);
        }

        // A source that wants more than it can do while it is tracked loses the rest, whatever tracking takes from it beside that.
        private static double Slowdown(WriterLoad load, ProviderCosts costs)
        {
            var most = costs.MostBytesPerSecond(Math.Max(load.WriteBytes, DirtyGrowth.LeastPageBytes));
            return Math.Max(costs.Slowdown, load.DirtyBytesPerSecond > most ? 1 - (most / load.DirtyBytesPerSecond) : 0);
        }

        // What a source can make dirty at most.
        private double Whole(int writer)
        {
            var (load, tracker) = _writers[writer];
            return tracker.Costs.Precision == ReportPrecision.Mapped
                ? workload.DataBytes
                : Math.Min(workload.MemoryBytes, Math.Ceiling(load.WorkingSetBytes / tracker.Costs.PageBytes) * tracker.Costs.PageBytes);
        }

        private static double Joined(AccessPattern pattern, double whole, double first, double second) =>
            whole <= 0 ? 0 : pattern == AccessPattern.Sequential ? Math.Min(whole, first + second) : first + second - Math.Min(first, first * second / whole);

        // The part of the time so far that a device stood still in a P2P state.
        private double DeviceShare(int writer) => _seconds > 0 ? Math.Min(1, _p2pSeconds[writer] / _seconds) : 0;

        private double WireBytes(double guestBytes) => guestBytes * policy.Codec.WirePart(workload.CompressedPart);

        private double CpuOfCopies()
        {
            var bytes = _rounds.Sum(round => round.CopiedBytes) + _remaining;
            return (bytes * engine.CpuSecondsPerByte) + (bytes / policy.Codec.BytesPerSecond);
        }
    }
}
