namespace Ferry.Lab.Checks;

/// <summary>The kernel offers VFIO's containers.</summary>
internal sealed class VfioFileCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "vfio-container";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var file = File.OpenHandle("/dev/vfio/vfio", access: FileAccess.ReadWrite);
        return "/dev/vfio/vfio opens";
    }
}
