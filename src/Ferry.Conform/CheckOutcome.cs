namespace Ferry.Conform;

/// <summary>What came of a check.</summary>
public enum CheckOutcome
{
    /// <summary>The device keeps the rule.</summary>
    Passed,

    /// <summary>It breaks the rule.</summary>
    Failed,

    /// <summary>It has nothing that the rule is about, or nothing makes it show.</summary>
    NotApplicable,

    /// <summary>The device was lost before.</summary>
    NotRun,
}
