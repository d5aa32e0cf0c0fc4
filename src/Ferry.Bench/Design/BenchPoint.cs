using Ferry.Bench.Profiles;

namespace Ferry.Bench.Design;

/// <summary>A point of a design: what is measured under which settings, how often.</summary>
/// <param name="Experiment">One of <see cref="ExperimentNames"/>.</param>
/// <param name="Dimensions">The settings.</param>
/// <param name="Repeats">How often.</param>
/// <param name="Seconds">How long that is expected to take, without what has to be set up for it.</param>
internal sealed record BenchPoint(string Experiment, SampleDimensions Dimensions, int Repeats, double Seconds)
{
    /// <summary>What is written by the guest's program here, and not by a device.</summary>
    public bool IsOfGuest { get; init; }

    /// <summary>What has to be set up for it. Points with an equal one are measured one after the other.</summary>
    public (string Kind, string Provider, ulong Memory, ulong WorkingSet, ulong? Rate, ulong Message) Block => (Experiment, IsOfGuest) switch
    {
        (ExperimentNames.Migration, _) => ("migration", $"{Dimensions}", 0, 0, null, 0),
        (_, true) => ("guest", Dimensions.Provider, Dimensions.MemoryBytes, Dimensions.WorkingSetBytes, Dimensions.DirtyBytesPerSecond, 0),
        _ => ("device", Dimensions.Provider is "mediated" or "type1" ? Dimensions.Provider : "", Dimensions.MemoryBytes, 0, Dimensions.DirtyBytesPerSecond, Dimensions.MessageBytes),
    };

    /// <summary>Whether a sample is of this point and has all its repeats.</summary>
    public bool IsMeasuredBy(CostSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return sample.Experiment == Experiment && sample.Dimensions == Dimensions && sample.Measures.Max(measure => measure.Values.Count) >= Repeats;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var size = Dimensions.PageSizeBytes == 0 ? "" : $" {Dimensions.PageSizeBytes / 1024}K";
        var link = Experiment == ExperimentNames.Migration ? $" {Dimensions.Way}" : "";
        return $"{Experiment} {Dimensions.Provider}{size}{(IsOfGuest ? " of the guest" : "")}{link}";
    }
}
