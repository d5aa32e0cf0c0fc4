using Ferry.Bench.Profiles;

namespace Ferry.Bench.Measuring;

/// <summary>Collects the measures of a point, repeat by repeat.</summary>
internal sealed class MeasureList
{
    private readonly List<string> _metrics = [];
    private readonly Dictionary<string, List<double>> _values = [];
    private readonly Dictionary<string, List<double>> _untracked = [];

    /// <summary>Adds a value.</summary>
    internal void Add(string metric, double value) => Of(_values, metric).Add(value);

    /// <summary>Adds a value and its partner, which was measured right before it without the tracker.</summary>
    internal void Add(string metric, double untracked, double value)
    {
        Of(_untracked, metric).Add(untracked);
        Add(metric, value);
    }

    /// <summary>What was collected.</summary>
    internal IReadOnlyList<SampleMeasure> ToList() =>
    [
        .. _metrics.Select(metric => new SampleMeasure { Metric = metric, Values = _values[metric], Untracked = _untracked.GetValueOrDefault(metric) }),
    ];

    private List<double> Of(Dictionary<string, List<double>> all, string metric)
    {
        if (!_metrics.Contains(metric))
        {
            _metrics.Add(metric);
        }

        return all.TryGetValue(metric, out var list) ? list : all[metric] = [];
    }
}
