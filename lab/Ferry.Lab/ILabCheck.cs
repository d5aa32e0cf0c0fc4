namespace Ferry.Lab;

/// <summary>One thing that must hold in the lab. A file each in Checks/, and a line in <see cref="LabChecks"/>.</summary>
internal interface ILabCheck
{
    /// <summary>What it is called: lower-case letters, digits and hyphens.</summary>
    string Name { get; }

    /// <summary>On which of the lab's machines it runs; they are started one after the other.</summary>
    LabMachine Machine => LabMachine.Iommu;

    /// <summary>Carries it out, and leaves nothing behind.</summary>
    /// <param name="context">Where it runs.</param>
    /// <returns>What was found, in a few words.</returns>
    /// <exception cref="SkippedException">What it needs is not there, and need not be.</exception>
    /// <exception cref="Exception">Any other means that it failed.</exception>
    string Run(LabContext context);
}
