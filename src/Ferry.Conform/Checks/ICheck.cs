namespace Ferry.Conform.Checks;

/// <summary>One rule of the specification, and how to see whether a device keeps it.</summary>
internal interface ICheck
{
    /// <summary>A short name of lower-case words joined by hyphens.</summary>
    string Name { get; }

    /// <summary>The rule, in one sentence.</summary>
    string Rule { get; }

    /// <summary>Where the rule is written.</summary>
    string Source { get; }

    /// <summary>Without which there is nothing to check.</summary>
    CheckNeeds Needs { get; }

    /// <summary>Checks a device.</summary>
    /// <returns>What was measured, or null.</returns>
    /// <exception cref="CheckFailedException">It breaks the rule.</exception>
    /// <exception cref="CommandRefusedException">It refused what it must take.</exception>
    /// <exception cref="NotApplicableException">It has nothing that the rule is about.</exception>
    string? Run(CheckContext context);
}
