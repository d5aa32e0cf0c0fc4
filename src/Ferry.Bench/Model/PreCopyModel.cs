using Ferry.Migration.Convergence;

namespace Ferry.Bench.Model;

/// <summary>Predicts a migration round by round. docs/cost-model.md has the formulas and says where they are wrong.</summary>
/// <remarks>The decisions are the engine's own: each predicted round is given to a <see cref="ConvergencePolicy"/>. Without state; any thread.</remarks>
public sealed class PreCopyModel(EngineCosts engine, LinkCosts link)
{
    /// <summary>Predicts the migration of <paramref name="workload"/> under <paramref name="policy"/>.</summary>
    /// <exception cref="ArgumentException">A source of writes has no tracker.</exception>
    public Prediction Predict(Workload workload, PolicyChoice policy)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(policy);
        var run = new Run(engine, link, workload, policy, SwitchoverSeconds(workload, policy));
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

    /// <summary>What of a downtime no round shows, in seconds: all of it but moving bytes, reports and devices' state.</summary>
    public double SwitchoverSeconds(Workload workload, PolicyChoice policy)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(policy);
        return engine.SwitchoverSeconds + (workload.Writers.Count(writer => writer.IsDevice) * engine.DeviceSeconds) + (3 * link.RoundTripSeconds) + engine.CopySeconds
            + policy.Trackers.Sum(tracker => tracker.Costs.SecondsOfStop(workload.MemoryBytes))
            + (policy.Verify ? engine.VerifySeconds + (workload.DataBytes / engine.VerifyBytesPerSecond) : 0);
    }

    private sealed class Run(EngineCosts engine, LinkCosts link, Workload workload, PolicyChoice policy, double switchoverSeconds)
    {
        private readonly (WriterLoad Load, TrackedWriter Tracker)[] _writers =
        [
            .. workload.Writers.Select(load => (load, policy.Trackers.FirstOrDefault(tracker => tracker.Source == load.Source)
                ?? throw new ArgumentException($"The policy has no tracker for {load.Source}.", nameof(policy)))),
        ];

        private readonly List<PredictedRound> _rounds = [];
        private readonly double[] _p2pSeconds = new double[workload.Writers.Count];
        private readonly double[] _written = new double[workload.Writers.Count];
        private readonly double[] _writtenAfterCopy = new double[workload.Writers.Count];
        private readonly double[] _copiedParts = new double[workload.Writers.Count];
        private readonly double[] _positions = new double[workload.Writers.Count];
        private readonly bool[] _wasSilent = new bool[workload.Writers.Count];
        private double _remaining = workload.DataBytes;
        private double _copied;
        private double _seconds;
        private double _throttledSeconds;
        private double _reportCpu;
        private double _sent;
        private double _lastSync;
        private double _lastRound;
        private double _linkIdle = double.PositiveInfinity;

        internal RoundSample Round(double throttle, int roundsLeft)
        {
            _copied = _remaining;
            var isFirst = _rounds.Count == 0;
            var copy = CopySeconds(_copied) + (isFirst ? workload.ZeroBytes / (engine.ZeroBytesPerSecond * policy.Channels) : 0);
            var extra = isFirst ? engine.FirstRoundSeconds : engine.RoundSeconds;
            BeginWriting(isFirst);
            var (reports, arcs) = Sync(copy, _ => extra, throttle, roundsLeft);
            (_lastSync, _lastRound, _linkIdle) = (reports + arcs, copy + extra + reports + arcs, extra + reports + arcs);
            _remaining = Dirty();
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
                FixedOverhead = TimeSpan.FromSeconds(Math.Min(reports, 1e6)),
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

        // What is written between the last sync and the stop is copied too: by vCPUs until the round has ended, by devices until their arcs have.
        private double Downtime()
        {
            var devices = _writers.Count(writer => writer.Load.IsDevice);
            var (reports, _) = Sync(0, load => engine.RoundSeconds + (load.IsDevice ? devices * engine.DeviceSeconds : 0), 0, roundsLeft: int.MaxValue);
            _remaining = Dirty();
            _linkIdle += (devices * engine.DeviceSeconds) + reports;
            return switchoverSeconds + reports + MovingSeconds(_remaining) + (workload.DeviceStateBytes / Math.Min(link.BytesPerSecond, engine.CopyBytesPerSecond));
        }

        private double CopySeconds(double bytes) => engine.CopySeconds + MovingSeconds(bytes);

        // A copy without the turns of threads. What a link lets go at once is what it was spared before, and no more than that.
        private double MovingSeconds(double bytes)
        {
            var isFirst = double.IsPositiveInfinity(_linkIdle);
            var copy = Math.Min(engine.CopyBytesPerSecond * policy.Channels, engine.MostCopyBytesPerSecond);
            var rate = Math.Min(copy, policy.Codec.BytesPerSecond * policy.Channels);
            rate = isFirst ? Math.Min(rate, engine.PopulateBytesPerSecond) : rate;
            var onLink = Math.Max(0, (WireBytes(bytes) / link.BytesPerSecond) - Math.Min(_linkIdle, link.BurstSeconds));
            return link.RoundTripSeconds + Math.Max(bytes / rate, onLink);
        }

        // Of a tracker that forgets what is copied: what part of its source's memory this round copies, and where in the round.
        private void BeginWriting(bool isFirst)
        {
            double[] dirty = [.. Enumerable.Range(0, _writers.Length).Select(Dirty)];
            for (var i = 0; i < _writers.Length; i++)
            {
                var (load, tracker) = _writers[i];
                var most = DirtyGrowth.MostBytes(load, tracker.Costs.PageBytes);
                _copiedParts[i] = !tracker.Costs.ForgetsWhenCopied || most <= 0 ? 0 : isFirst ? 1 : Math.Min(1, dirty[i] / most);
                _positions[i] = isFirst ? load.Position : Position(dirty, load.Position);
            }

            Array.Clear(_written);
            Array.Clear(_writtenAfterCopy);
        }

        // What lies before it and half of what lies with it, of all that is dirty.
        private double Position(double[] dirty, double of)
        {
            var before = _writers.Select((each, i) => dirty[i] * (each.Load.Position < of ? 1 : each.Load.Position > of ? 0 : 0.5)).Sum();
            return before / Math.Max(dirty.Sum(), 1);
        }

        // What was written until the sync found it, added to what was before, and how long its reports and its arcs took. Devices write on while
        // earlier trackers are read.
        private (double Reports, double Arcs) Sync(double copy, Func<WriterLoad, double> beside, double throttle, int roundsLeft)
        {
            var (reports, arcs) = (0.0, 0.0);
            for (var i = 0; i < _writers.Length; i++)
            {
                var (load, tracker) = _writers[i];
                var work = _rounds.Count == 0 ? engine.WorkPartInFirstRound : engine.WorkPart;
                var rate = load.DirtyBytesPerSecond * work * (1 - Slowdown(load, tracker.Costs)) * (load.IsDevice ? 1 - DeviceShare(i) : 1 - throttle);
                var written = rate * (copy + beside(load) + (_wasSilent[i] ? 0 : _lastSync));
                // A round's copy comes after the sync before it, and forgets what was written until then; a switchover's comes last of all.
                _writtenAfterCopy[i] += copy > 0 ? rate * ((copy * (1 - _positions[i])) + beside(load)) : written;
                var report = tracker.Costs.SecondsOfReport(workload.MemoryBytes, tracker.Costs.Precision == ReportPrecision.Mapped ? workload.MemoryBytes : Found(i, written));
                _written[i] += written;
                _reportCpu += report;
                reports += report;
                _wasSilent[i] = load.IsDevice && tracker.Sync.LastRounds >= roundsLeft;
                if (_wasSilent[i])
                {
                    _p2pSeconds[i] += engine.P2PSeconds + report;
                    arcs += engine.P2PSeconds;
                }
            }

            return (reports, arcs);
        }

        private double Dirty() => Math.Min(workload.DataBytes, Enumerable.Range(0, _writers.Length).Sum(Dirty));

        private double Dirty(int writer) =>
            (_copiedParts[writer] * Found(writer, _writtenAfterCopy[writer])) + ((1 - _copiedParts[writer]) * Found(writer, _written[writer]));

        // What a source's tracker reports after so many bytes written.
        private double Found(int writer, double written)
        {
            var (load, tracker) = _writers[writer];
            return tracker.Costs.Precision switch
            {
                ReportPrecision.Mapped => workload.DataBytes,
                ReportPrecision.Pinned => Math.Min(workload.MemoryBytes, DirtyGrowth.MostBytes(load, tracker.Costs.PageBytes)),
                _ => Math.Min(workload.MemoryBytes, DirtyGrowth.Bytes(load, written, tracker.Costs.PageBytes, 1)),
            };
        }

        // A source that wants more than it can do while it is tracked loses the rest, whatever tracking takes from it beside that.
        private static double Slowdown(WriterLoad load, ProviderCosts costs)
        {
            var most = costs.MostBytesPerSecond(Math.Max(load.WriteBytes, DirtyGrowth.LeastPageBytes));
            return Math.Max(costs.Slowdown, load.DirtyBytesPerSecond > most ? 1 - (most / load.DirtyBytesPerSecond) : 0);
        }

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
