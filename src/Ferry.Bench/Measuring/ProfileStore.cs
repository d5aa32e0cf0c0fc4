using Ferry.Bench.Fitting;
using Ferry.Bench.Profiles;

namespace Ferry.Bench.Measuring;

/// <summary>The profile of a bench that runs: kept beside its place after each point, and put there when it is done.</summary>
/// <remarks>What stands at its place is replaced by a profile that is complete, or where it is none itself; never by less than was there.</remarks>
internal sealed class ProfileStore(string path, CostProfile began, IReadOnlyCollection<CostSample> kept)
{
    private readonly List<CostSample> _samples = [.. kept];
    private readonly List<string> _notes = [];

    /// <summary>Where a bench that runs keeps what it has: beside the place.</summary>
    internal static string PartialOf(string path) => $"{path}.partial";

    /// <summary>What it has.</summary>
    internal IReadOnlyList<CostSample> Samples => _samples;

    /// <summary>The profile as it is now.</summary>
    internal CostProfile Current(bool isComplete) => began with { Samples = [.. _samples], Costs = CostFit.Of(_samples), Notes = _notes.Count == 0 ? null : [.. _notes], IsComplete = isComplete };

    /// <summary>Takes a point's sample, in place of one that it had of the same point, and writes all beside the place.</summary>
    /// <exception cref="IOException">It can't be written; what was there before still is.</exception>
    internal void Add(CostSample sample)
    {
        _samples.RemoveAll(each => each.Experiment == sample.Experiment && each.Dimensions == sample.Dimensions);
        _samples.Add(sample);
        Keep();
    }

    /// <summary>Takes a note of what can't be measured; it is written with the next sample.</summary>
    internal void Note(string note)
    {
        var text = new string([.. note.Select(c => char.IsControl(c) ? ' ' : c).Take(ProfileChecks.MaxTextLength)]);
        if (!_notes.Contains(text))
        {
            _notes.Add(text);
        }
    }

    /// <summary>Writes what it has beside the place, which shows whether anything can be written there.</summary>
    /// <exception cref="IOException">It can't be written; what was there before still is.</exception>
    internal void Keep() => ProfileFile.Write(PartialOf(path), Current(isComplete: false));

    /// <summary>Puts the profile in its place, where that loses nothing.</summary>
    /// <returns>Where it is now.</returns>
    /// <exception cref="IOException">It can't be written; what was there before still is.</exception>
    internal string Finish(bool isComplete)
    {
        var place = isComplete || !HoldsWhole(path) ? path : PartialOf(path);
        ProfileFile.Write(place, Current(isComplete));
        if (place == path)
        {
            File.Delete(PartialOf(path));
        }

        return place;
    }

    private static bool HoldsWhole(string path)
    {
        try
        {
            return File.Exists(path) && ProfileFile.Read(path).IsComplete;
        }
        catch (ProfileException)
        {
            return false;
        }
    }
}
