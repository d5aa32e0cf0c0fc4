using System.Buffers.Binary;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Devices;

/// <summary>QEMU's educational device: a buffer of 4096 bytes that it copies to or from any address of 28 bits. Source: QEMU's document on the EDU device.</summary>
internal sealed class EduDevice
{
    /// <summary>The PCI vendor.</summary>
    public const ushort Vendor = 0x1234;

    /// <summary>The PCI device.</summary>
    public const ushort Device = 0x11e8;

    /// <summary>The most that one transfer moves: not the whole buffer, for older versions of QEMU end where its last byte is asked for.</summary>
    public const int MaxBytes = 2048;

    private const uint Buffer = 0x40000;
    private const int SourceRegister = 0x80;
    private const int DestinationRegister = 0x88;
    private const int CountRegister = 0x90;
    private const int CommandRegister = 0x98;
    private const uint CommandRun = 1;
    private const uint CommandToMemory = 2;

    // linux/vfio.h: VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX.
    private const uint RegistersRegion = 0;
    private const uint ConfigurationRegion = 7;

    // linux/pci_regs.h: PCI_COMMAND, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER.
    private const int ConfigurationCommand = 4;
    private const byte MemoryAndMaster = 6;
    private readonly VfioDevice _device;
    private readonly VfioRegion _registers;

    /// <summary>Lets the device answer and do DMA.</summary>
    /// <param name="device">Opened, in a container or bound; stays the caller's.</param>
    public EduDevice(VfioDevice device)
    {
        _device = device;
        _registers = device.GetRegion(RegistersRegion);
        var configuration = device.GetRegion(ConfigurationRegion);
        Span<byte> command = stackalloc byte[2];
        device.Read(configuration, ConfigurationCommand, command);
        command[0] |= MemoryAndMaster;
        device.Write(configuration, ConfigurationCommand, command);
        LabContext.Require((Read(0) & 0xff) == 0xed, $"the device says that it is {Read(0):x}");
    }

    /// <summary>Fills the device's buffer from memory.</summary>
    public void ReadMemory(Iova from, int countBytes) => Transfer((uint)from.Value, Buffer, countBytes, 0);

    /// <summary>Writes what the device's buffer holds to memory, and returns when it is there.</summary>
    public void WriteMemory(Iova to, int countBytes) => Transfer(Buffer, (uint)to.Value, countBytes, CommandToMemory);

    private void Transfer(uint source, uint destination, int countBytes, uint direction)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(countBytes, MaxBytes);
        Write(SourceRegister, source);
        Write(DestinationRegister, destination);
        Write(CountRegister, (uint)countBytes);
        Write(CommandRegister, CommandRun | direction);
        LabContext.WaitFor(() => (Read(CommandRegister) & CommandRun) == 0, "the end of the device's transfer");
    }

    private uint Read(ulong register)
    {
        Span<byte> value = stackalloc byte[4];
        _device.Read(_registers, register, value);
        return BinaryPrimitives.ReadUInt32LittleEndian(value);
    }

    private void Write(ulong register, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _device.Write(_registers, register, bytes);
    }
}
