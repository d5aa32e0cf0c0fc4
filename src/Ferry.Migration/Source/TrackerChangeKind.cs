namespace Ferry.Migration.Source;

/// <summary>What a <see cref="TrackerChange"/> does.</summary>
public enum TrackerChangeKind
{
    /// <summary>The tracker starts; all others of the source go once it has.</summary>
    Replace,

    /// <summary>The tracker starts beside the others of the source.</summary>
    Add,

    /// <summary>The tracker goes; refused where the source would be left without one.</summary>
    Drop,
}
