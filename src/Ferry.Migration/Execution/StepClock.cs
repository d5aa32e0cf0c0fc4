using Ferry.Migration.Events;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;

namespace Ferry.Migration.Execution;

/// <summary>Measures the steps of a plan; those that repeat are summed up.</summary>
/// <remarks>Used by one thread. Measuring allocates nothing.</remarks>
internal sealed class StepClock
{
    private readonly EngineHost _host;
    private readonly EventRecorder _events;
    private readonly string[] _phases;
    private readonly Dictionary<PlanStep, int> _indices = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Name, int Section)> _names = [];
    private readonly TimeSpan[] _elapsed;
    private readonly int[] _counts;

    /// <param name="host">Whose clock.</param>
    /// <param name="events">Who is told of each step.</param>
    /// <param name="phases">What the parts are called.</param>
    /// <param name="sections">The parts of the plan; equal names are summed up within one.</param>
    internal StepClock(EngineHost host, EventRecorder events, string[] phases, params ReadOnlySpan<IReadOnlyList<PlanStep>> sections)
    {
        (_host, _events, _phases) = (host, events, phases);
        for (var section = 0; section < sections.Length; section++)
        {
            Add(sections[section], section);
        }

        _elapsed = new TimeSpan[_names.Count];
        _counts = new int[_names.Count];
    }

    /// <summary>The step that runs now or ran last, in words.</summary>
    internal string Current { get; private set; } = "handshake";

    /// <summary>How long the last sync took.</summary>
    internal TimeSpan LastSync { get; private set; }

    internal long Begin(PlanStep step)
    {
        Current = _names[_indices[step]].Name;
        return _host.Now();
    }

    internal void End(PlanStep step, long begun)
    {
        var index = _indices[step];
        var elapsed = _host.Since(begun);
        LastSync = step is PlanStep.Sync ? elapsed : LastSync;
        _elapsed[index] += elapsed;
        _counts[index]++;
        _events.Step(_names[index].Name, _phases[_names[index].Section], elapsed);
    }

    internal IReadOnlyList<StepReport> Report() => Report(0, _names.Count);

    /// <summary>What ran of <paramref name="section"/>, which is the last, from the first step called <paramref name="from"/> on.</summary>
    internal IReadOnlyList<StepReport> Report(int section, string from)
    {
        var first = _names.FindIndex(each => each.Section == section && each.Name == from);
        return first < 0 ? [] : Report(first, _names.Count - first);
    }

    private List<StepReport> Report(int first, int count) =>
        [.. Enumerable.Range(first, count).Where(i => _counts[i] > 0).Select(i => new StepReport(_names[i].Name, _counts[i], _elapsed[i]))];

    private void Add(IReadOnlyList<PlanStep> steps, int section)
    {
        foreach (var step in steps)
        {
            var name = StepNames.Of(step);
            var index = _names.FindIndex(each => each.Section == section && each.Name == name);
            if (index < 0)
            {
                index = _names.Count;
                _names.Add((name, section));
            }

            _indices[step] = index;
        }
    }
}
