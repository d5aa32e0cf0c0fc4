namespace Ferry.Lab.Checks;

/// <summary>The kernel offers iommufd.</summary>
internal sealed class IommuFileCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "iommufd";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var file = File.OpenHandle("/dev/iommu", access: FileAccess.ReadWrite);
        return "/dev/iommu opens";
    }
}
