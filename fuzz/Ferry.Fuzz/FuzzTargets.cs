namespace Ferry.Fuzz;

/// <summary>All targets.</summary>
public static class FuzzTargets
{
    /// <summary>The targets, by name.</summary>
    public static IReadOnlyList<IFuzzTarget> All { get; } =
    [
        new ControlTarget(),
        new CostProfileTarget(),
        new EventLogTarget(),
        new IommuStateTarget(),
        new LabResultsTarget(),
        new MachineFileTarget(),
        new OptionTextTarget(),
        new PolicyFileTarget(),
        new RnicRegistersTarget(),
        new RnicStateTarget(),
        new StreamChunkTarget(),
        new StreamControlTarget(),
        new StreamDescriptionTarget(),
        new SystemTextTarget(),
        new VcpuStateTarget(),
        new VfioInformationTarget(),
        new VfioUserClientTarget(),
        new VfioUserServerTarget(),
    ];
}
