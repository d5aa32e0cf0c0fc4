namespace Ferry.Simulation.Tests.Exploration;

/// <summary>How the log is kept: as it really is, or with one rule broken.</summary>
internal enum LogRule
{
    /// <summary>A write to memory, then a locked OR; a report takes each word by one exchange, and what it took is copied after it.</summary>
    Real,

    /// <summary>A mark reads the word and writes it back.</summary>
    MarkIsNotAtomic,

    /// <summary>A mark looks whether the bit is set, and then saves itself the locked OR.</summary>
    MarkLooksFirst,

    /// <summary>The page is marked before it is written.</summary>
    MarkComesFirst,

    /// <summary>A report reads the word and then writes zero.</summary>
    DrainIsNotAtomic,

    /// <summary>Pages are copied before the report forgets them.</summary>
    CopyComesFirst,

    /// <summary>The last report is asked for while a device still writes.</summary>
    LastReportBeforeStop,
}
