using System.Diagnostics;
using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;
using Ferry.Machine;
using Ferry.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>Measures the points of a design, one after the other, and hands over each as it is measured.</summary>
/// <param name="parts">What it is made with.</param>
/// <param name="scope">What there is to measure.</param>
/// <param name="scale">How large and how long.</param>
internal sealed class BenchRunner(IBenchParts parts, BenchScope scope, BenchScale scale)
{
    // Setting up a block: a process, memory that is made present.
    private const double BlockSeconds = 1.2;

    /// <summary>Called before each point, and while nothing but time passes in it.</summary>
    public Action<BenchProgress>? OnProgress { get; init; }

    /// <summary>Measures, until all is done.</summary>
    /// <param name="points">What to measure, in order; see <see cref="BenchDesign.InOrder"/>.</param>
    /// <param name="onSample">Takes each point's sample.</param>
    /// <param name="onNote">Takes what could not be measured, with the reason.</param>
    /// <param name="cancellation">Ends it; the point that is measured then is lost.</param>
    /// <exception cref="BenchException">It can't go on.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(IReadOnlyList<BenchPoint> points, Action<CostSample> onSample, Action<string> onNote, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(onSample);
        ArgumentNullException.ThrowIfNull(onNote);
        var clock = new Remaining(points);
        foreach (var block in Blocks(points))
        {
            cancellation.ThrowIfCancellationRequested();
            OnProgress?.Invoke(clock.At(block[0]));
            try
            {
                using var measuring = Open(block[0], cancellation);
                clock.SetUp(block[0]);
                foreach (var point in block)
                {
                    var progress = clock.At(point);
                    OnProgress?.Invoke(progress);
                    Measure(measuring, point, () => OnProgress?.Invoke(progress), onSample, onNote);
                    clock.Done(point);
                }
            }
            catch (MachineException e)
            {
                onNote($"{block[0]}: {e.Message}");
                Array.ForEach(block, clock.Done);
            }
            catch (Exception e) when (e is (IOException or TrackerFailedException or InvalidDataException) and not BenchException)
            {
                throw new BenchException($"{block[0]}: {e.Message}", e);
            }
        }
    }

    private static IEnumerable<BenchPoint[]> Blocks(IReadOnlyList<BenchPoint> points)
    {
        for (var i = 0; i < points.Count;)
        {
            var block = points.Skip(i).TakeWhile(point => point.Block == points[i].Block).ToArray();
            yield return block;
            i += block.Length;
        }
    }

    private static void Measure(Block measuring, BenchPoint point, Action tell, Action<CostSample> onSample, Action<string> onNote)
    {
        try
        {
            onSample(new CostSample { Experiment = point.Experiment, Dimensions = point.Dimensions, Measures = measuring.Measure(point, tell) });
        }
        // A tracker of a device that has gone does not start either.
        catch (Exception e) when (e is (IOException or TrackerFailedException or TrackerStartException) and not BenchException && measuring.DescribeLoss() is { } loss)
        {
            throw new BenchException($"{point}: {e.Message} {loss}", e);
        }
        catch (TrackerStartException e)
        {
            onNote($"{point}: {e.Message}");
        }
        // Nothing moved: the others can be carried out all the same.
        catch (IOException e) when (point.Experiment == ExperimentNames.Migration && e is not BenchException)
        {
            onNote($"{point}: {e.Message}");
        }
    }

    private Block Open(BenchPoint point, CancellationToken cancellation)
    {
        var at = point.Dimensions;
        return point.Experiment == ExperimentNames.Migration ? new Block((each, _) => MeasureMigration(each, cancellation))
            : point.IsOfGuest ? OpenGuest(at, cancellation)
            : OpenDevice(at, cancellation);
    }

    private Block OpenGuest(SampleDimensions at, CancellationToken cancellation)
    {
        var guest = new GuestPoints(at, scope.Accelerator, scale.Window, cancellation);
        return new Block(
            (point, tell) => point.Experiment switch
            {
                ExperimentNames.Report => guest.Report(point),
                ExperimentNames.Watching => guest.Watching(point, tell),
                _ => guest.Slowdown(point),
            },
            guest);
    }

    private Block OpenDevice(SampleDimensions at, CancellationToken cancellation)
    {
        if (parts.KernelDevice is { } place)
        {
            var kernel = KernelSession.Open(place, at.MemoryBytes, inContainer: at.Provider == "type1", _ => { });
            var points = new DevicePoints(kernel, kernel, scale.Window, cancellation);
            return new Block((point, _) => points.Report(point), kernel) { DescribeLoss = kernel.DescribeLoss };
        }

        var partner = DeviceSession.Open(parts.StartDevice(at.MessageBytes, at.DirtyBytesPerSecond), at.MemoryBytes, isMediated: false);
        try
        {
            var session = at.Provider == "mediated"
                ? DeviceSession.Open(parts.StartDevice(at.MessageBytes, at.DirtyBytesPerSecond), at.MemoryBytes, isMediated: true)
                : partner;
            var device = new DevicePoints(session, partner, scale.Window, cancellation);
            return new Block(
                (point, tell) => point.Experiment switch
                {
                    ExperimentNames.Report => device.Report(point),
                    ExperimentNames.Watching => device.Watching(point, tell),
                    _ => device.Slowdown(point),
                },
                session == partner ? [partner] : [session, partner])
            { DescribeLoss = () => session.DescribeLoss() ?? partner.DescribeLoss() };
        }
        catch
        {
            partner.Dispose();
            throw;
        }
    }

    private IReadOnlyList<SampleMeasure> MeasureMigration(BenchPoint point, CancellationToken cancellation)
    {
        var runs = new List<MigrationSample>();
        for (var i = 0; i < point.Repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                runs.Add(parts.Migrate(new MigrationCase(point.Dimensions, scope.MigrationVcpus!), cancellation));
            }
            catch (IOException)
            {
                // A terminal's interrupt ends what was started for it as well.
                cancellation.ThrowIfCancellationRequested();
                throw;
            }
        }

        return MigrationMeasures.Of(runs);
    }

    /// <summary>What is set up for some points.</summary>
    private sealed class Block(Func<BenchPoint, Action, IReadOnlyList<SampleMeasure>> measure, params IDisposable[] owned) : IDisposable
    {
        /// <summary>How what is measured was lost; null where it is there.</summary>
        public Func<string?> DescribeLoss { get; init; } = () => null;

        public IReadOnlyList<SampleMeasure> Measure(BenchPoint point, Action tell) => measure(point, tell);

        public void Dispose() => Array.ForEach(owned, each => each.Dispose());
    }

    /// <summary>What is left, by what was expected and what it took so far.</summary>
    private sealed class Remaining
    {
        private readonly long _began = Stopwatch.GetTimestamp();
        private readonly int _count;
        private readonly double _expected;
        private double _expectedDone;
        private int _done;

        public Remaining(IReadOnlyList<BenchPoint> points)
        {
            _count = points.Count;
            _expected = points.Sum(point => point.Seconds) + Blocks(points).Sum(block => SetUpSeconds(block[0]));
        }

        public void Done(BenchPoint point)
        {
            _done++;
            _expectedDone += point.Seconds;
        }

        public void SetUp(BenchPoint first) => _expectedDone += SetUpSeconds(first);

        private static double SetUpSeconds(BenchPoint first) => first.Experiment == ExperimentNames.Migration ? 0 : BlockSeconds;

        public BenchProgress At(BenchPoint point)
        {
            var elapsed = Stopwatch.GetElapsedTime(_began).TotalSeconds;
            // What was expected counts as long as little is known of how long it really takes.
            var pace = (elapsed + 10) / (_expectedDone + 10);
            return new BenchProgress(_done, _count, point.ToString(), TimeSpan.FromSeconds(Math.Max(0, (_expected - _expectedDone) * pace)));
        }
    }
}
