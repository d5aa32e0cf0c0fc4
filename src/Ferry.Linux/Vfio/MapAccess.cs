namespace Ferry.Linux.Vfio;

/// <summary>What devices may do with mapped memory. Source: linux/vfio.h, VFIO_DMA_MAP_FLAG_*.</summary>
[Flags]
public enum MapAccess
{
    /// <summary>Devices may read it.</summary>
    Read = 1,

    /// <summary>Devices may write it.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
