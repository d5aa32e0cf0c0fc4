namespace Ferry.Conform.Stimuli;

/// <summary>The stimuli by name.</summary>
public static class StimulusNames
{
    /// <summary>The name that stands for no stimulus.</summary>
    public const string None = "none";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [None, RnicStimulus.StimulusName];

    /// <summary>What makes the stimulus of a name; null for <see cref="None"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such name.</exception>
    public static Func<IStimulus>? FactoryOf(string name) => name switch
    {
        None => null,
        RnicStimulus.StimulusName => static () => new RnicStimulus(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"No stimulus; there are {string.Join(", ", All)}."),
    };
}
