namespace Ferry.Migration.Wire;

/// <summary>When the destination touches the memory that is about to arrive.</summary>
public enum PopulateMode
{
    /// <summary>Not at all: a page is touched when it arrives.</summary>
    None = 0,

    /// <summary>All of it before the first round.</summary>
    Before = 1,

    /// <summary>Beside the first round, ahead of the data.</summary>
    Beside = 2,
}
