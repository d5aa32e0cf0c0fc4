using Ferry.Linux.Vfio;

namespace Ferry.Fuzz;

/// <summary>What a VFIO driver says of a region or of a container: a head, and a chain of capabilities that lead to one another.</summary>
internal sealed class VfioInformationTarget : IFuzzTarget
{
    private const int RegionHeadBytes = 32;
    private const int ContainerHeadBytes = 24;

    /// <inheritdoc/>
    public string Name => "vfio-information";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        // The kernel always gives a whole head.
        if (input.Length >= RegionHeadBytes)
        {
            var region = VfioRegion.Parse(input);
            foreach (var (offsetBytes, lengthBytes) in region.Mappable)
            {
                if (lengthBytes == 0 || offsetBytes >= region.LengthBytes || lengthBytes > region.LengthBytes - offsetBytes)
                {
                    throw new InvalidOperationException($"{lengthBytes} bytes at {offsetBytes} are to be mapped of a region of {region.LengthBytes}.");
                }
            }
        }

        if (input.Length >= ContainerHeadBytes)
        {
            VfioContainerInfo.Parse(input);
        }
    }
}
