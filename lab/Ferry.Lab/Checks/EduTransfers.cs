using Ferry.Lab.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>What must hold of a device's DMA whichever way its address space was made.</summary>
internal static class EduTransfers
{
    private const int PageBytes = 4096;
    private const int PageCount = 8;
    private const int Source = (2 * PageBytes) + 512;
    private const int Destination = (5 * PageBytes) + 1024;

    /// <summary>Where the memory is mapped: not where anything else could be, in the machine or in this process.</summary>
    private static readonly IovaRange Mapped = new(new(0x0a00_0000), PageCount * PageBytes);

    /// <summary>Lets the device copy a part of the memory, reach beyond its mapping, and go on after it was unmapped.</summary>
    /// <param name="device">Attached to an address space without mappings.</param>
    /// <param name="map">Maps memory there, for reading and writing.</param>
    /// <param name="unmap">Unmaps it.</param>
    /// <returns>What was found.</returns>
    public static string Run(VfioDevice device, Action<IovaRange, Hva> map, Action<IovaRange> unmap)
    {
        using var memory = MappedMemory.MapAnonymous(PageCount * PageBytes, MemoryProtection.Read | MemoryProtection.Write);
        var bytes = memory.GetSpan(0, PageCount * PageBytes);
        new Random(3).NextBytes(bytes);
        var expected = bytes.ToArray();
        var edu = new EduDevice(device);
        map(Mapped, memory.Address);
        edu.ReadMemory(AddressOf(Source), EduDevice.MaxBytes);
        edu.WriteMemory(AddressOf(Destination), EduDevice.MaxBytes);
        expected.AsSpan(Source, EduDevice.MaxBytes).CopyTo(expected.AsSpan(Destination));
        LabContext.Require(bytes.SequenceEqual(expected), "what the device copied did not arrive where it was told, or other bytes changed");

        // What the IOMMU refuses goes nowhere: the page before the mapping, the page after it, and the mapping once it is gone.
        edu.WriteMemory(AddressOf(-PageBytes), EduDevice.MaxBytes);
        edu.WriteMemory(AddressOf(PageCount * PageBytes), EduDevice.MaxBytes);
        LabContext.Require(bytes.SequenceEqual(expected), "a write beyond the mapping changed memory in it");
        unmap(Mapped);
        edu.WriteMemory(AddressOf(0), EduDevice.MaxBytes);
        LabContext.Require(bytes.SequenceEqual(expected), "a write after the memory was unmapped arrived");
        return $"{EduDevice.MaxBytes} bytes read and written at {Mapped.Start}; nothing before it, behind it or after it was unmapped";
    }

    private static Iova AddressOf(int offsetBytes) => new((ulong)((long)Mapped.Start.Value + offsetBytes));
}
