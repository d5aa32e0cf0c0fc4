namespace Ferry.Linux.Vfio;

/// <summary>The number and the name of an ioctl of VFIO or iommufd, which share a type. Source: asm-generic/ioctl.h, linux/vfio.h, linux/iommufd.h.</summary>
/// <param name="Index">The number within the type; sizes are not part of these requests.</param>
/// <param name="Name">The macro.</param>
internal readonly record struct VfioRequest(uint Index, string Name)
{
    private const uint Type = ';' << 8;

    internal nuint Number => Type | Index;
}
