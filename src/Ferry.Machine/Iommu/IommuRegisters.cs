namespace Ferry.Machine.Iommu;

/// <summary>The registers by which a guest programs the virtual IOMMU of a device, 32 bits each. docs/viommu.md describes them.</summary>
internal static class IommuRegisters
{
    /// <summary>Where the first device's registers are, in the hole below 4 GiB.</summary>
    public const ulong Base = 0xD000_0000;

    /// <summary>The distance from one device's registers to the next's.</summary>
    public const ulong BytesPerDevice = 4096;

    public const uint IdValue = 0x4D4F4946;
    public const uint VersionValue = 1;

    public const int Id = 0x00;
    public const int Version = 0x04;
    public const int AperturePage = 0x08;
    public const int AperturePages = 0x0C;
    public const int MaxMappings = 0x10;
    public const int Mappings = 0x14;
    public const int IovaPage = 0x18;
    public const int MemoryPage = 0x1C;
    public const int Command = 0x20;
    public const int Status = 0x24;

    /// <summary>In the lowest byte of a command; the number of pages is above it.</summary>
    public const uint CommandMap = 1, CommandMapReadOnly = 2, CommandUnmap = 3, CommandUnmapAll = 4;

    /// <summary>Where the number of pages is in a command.</summary>
    public const int PagesShift = 8;

    /// <summary>The registers of the device of a number.</summary>
    public static ulong AddressOf(int device) => Base + ((ulong)device * BytesPerDevice);
}
