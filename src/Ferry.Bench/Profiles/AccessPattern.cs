namespace Ferry.Bench.Profiles;

/// <summary>The order in which the pages of a working set are written.</summary>
public enum AccessPattern
{
    /// <summary>One after another, over and over.</summary>
    Sequential,

    /// <summary>Each page as likely as any other.</summary>
    Uniform,

    /// <summary>Four fifths of the writes go to a fifth of the pages, evenly within each part.</summary>
    Skewed,
}
