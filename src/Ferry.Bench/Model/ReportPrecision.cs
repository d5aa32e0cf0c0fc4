namespace Ferry.Bench.Model;

/// <summary>Which pages a provider reports.</summary>
public enum ReportPrecision
{
    /// <summary>Those that were written.</summary>
    Written,

    /// <summary>All of the source's working set, written or not: what is pinned for write.</summary>
    Pinned,

    /// <summary>All mapped memory.</summary>
    Mapped,
}
