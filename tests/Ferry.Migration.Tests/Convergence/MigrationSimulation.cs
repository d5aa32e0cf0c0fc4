using Ferry.Migration.Convergence;

namespace Ferry.Migration.Tests.Convergence;

/// <summary>Rounds of a migration in simulated time.</summary>
internal sealed class MigrationSimulation(ConvergenceOptions options, DirtyModel guest, int seed = 1)
{
    private const double MemoryBytes = 4e9;

    private readonly Random _random = new(seed);

    internal double BytesPerSecond { get; init; } = 1e9;

    /// <summary>How much the measured bandwidth and what remains vary, as a part.</summary>
    internal double Noise { get; init; }

    internal long DeviceBytes { get; init; }

    internal TimeSpan FixedOverhead { get; init; } = TimeSpan.FromMilliseconds(5);

    internal List<long> Remaining { get; } = [];

    internal List<Decision> Decisions { get; } = [];

    internal ConvergencePolicy Policy { get; } = new(options);

    internal Decision Last => Decisions[^1];

    internal double Seconds { get; private set; }

    internal MigrationSimulation Run()
    {
        var toSend = MemoryBytes;
        do
        {
            Assert(Decisions.Count < Policy.MaxDecisions, $"no end after {Decisions.Count} rounds");
            var bandwidth = BytesPerSecond * Vary();
            var seconds = Math.Max(1e-4, toSend / bandwidth);
            toSend = Math.Floor(guest.DirtiedIn(Seconds, seconds, 1 - (Policy.ThrottlePercent / 100.0)) * Vary());
            Seconds += seconds;
            Remaining.Add((long)toSend);
            Decisions.Add(Policy.Next(new RoundSample
            {
                BytesSent = (long)(seconds * bandwidth),
                Duration = TimeSpan.FromSeconds(seconds),
                RemainingBytes = (long)toSend,
                BytesPerSecond = bandwidth,
                DeviceBytes = DeviceBytes,
                FixedOverhead = FixedOverhead,
            }));
        }
        while (Last.Kind is DecisionKind.Continue or DecisionKind.Throttle or DecisionKind.Stretch);
        return this;
    }

    private double Vary() => 1 + (Noise * ((2 * _random.NextDouble()) - 1));

    private static void Assert(bool holds, string message) => Xunit.Assert.True(holds, message);
}
