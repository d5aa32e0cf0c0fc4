using System.Buffers.Binary;

namespace Ferry.Machine.Devices;

/// <summary>What a machine knows of an rnic, whoever implements it: docs/rnic.md describes its registers.</summary>
internal static class RnicFace
{
    public const int RegistersRegion = 0;
    public const int DoorbellRegion = 2;

    private const int RegisterId = 0x00;
    private const int RegisterVersion = 0x04;
    private const int RegisterMessageBytes = 0x08;
    private const int RegisterStatus = 0x0C;
    private const uint IdValue = 0x43494E52;
    private const uint StatusError = 2;
    private const uint MinMessageBytes = 64;
    private const uint MaxMessageBytes = 1 << 20;
    private const uint DoorbellPageBytes = 4096;

    /// <summary>Refuses a device that is none, and gives its version and the size of its messages.</summary>
    /// <exception cref="MachineException">It is none.</exception>
    public static (uint Version, uint MessageBytes) Check(MachineDevice device, IDeviceLink link)
    {
        var id = link.Regions.Any(region => region.Index == RegistersRegion) ? ReadRegister(link, RegisterId) : 0;
        if (id != IdValue)
        {
            throw new MachineException($"device {device.Id}: {link.Name} is no {device.Kind} (its ID register reads 0x{id:x8}).");
        }

        var messageBytes = ReadRegister(link, RegisterMessageBytes);
        if (messageBytes is < MinMessageBytes or > MaxMessageBytes || messageBytes % MinMessageBytes != 0)
        {
            throw new MachineException($"device {device.Id}: its messages have {messageBytes} bytes; they have {MinMessageBytes} to {MaxMessageBytes}, a multiple of {MinMessageBytes}.");
        }

        return (ReadRegister(link, RegisterVersion), messageBytes);
    }

    /// <summary>Whether it says that something is wrong with it.</summary>
    public static bool ReadsFault(IDeviceLink link) => (ReadRegister(link, RegisterStatus) & StatusError) != 0;

    /// <summary>The doorbell page as it is mapped in this process, or null where each doorbell is an access of its own.</summary>
    /// <remarks>It becomes the guest's memory, so it has to be just that page: anything else would lie over its neighbour.</remarks>
    public static MappedArea? FindDoorbellPage(IDeviceLink link) => link.Regions.Any(region => region.Index == DoorbellRegion)
        && link.Map(DoorbellRegion) is [{ OffsetBytes: DoorbellPageBytes, Memory.LengthBytes: DoorbellPageBytes } page, ..] ? page : null;

    private static uint ReadRegister(IDeviceLink link, int register)
    {
        Span<byte> word = stackalloc byte[4];
        link.Read(RegistersRegion, (ulong)register, word);
        return BinaryPrimitives.ReadUInt32LittleEndian(word);
    }
}
