using System.Runtime.InteropServices;
using Ferry.Linux.Memory;

namespace Ferry.Linux.Vfio;

public sealed unsafe partial class VfioDevice
{
    /// <summary>Asks for a region.</summary>
    /// <param name="index">Below <see cref="VfioDeviceInfo.RegionCount"/>.</param>
    /// <exception cref="KernelCallException">There is no such region.</exception>
    public VfioRegion GetRegion(uint index) =>
        VfioRegion.Parse(VfioCalls.GetInfo(_handle, VfioCalls.DeviceGetRegionInfo, new VfioRegionInfoHead { Index = index }, $"region {index} of {Name}"));

    /// <summary>Reads registers. Allocates nothing where it succeeds. Any thread.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not all in the region.</exception>
    /// <exception cref="KernelCallException">The device refused, or gave fewer bytes.</exception>
    public void Read(VfioRegion region, ulong offsetBytes, Span<byte> data)
    {
        CheckAccess(region, offsetBytes, data.Length);
        fixed (byte* pointer = data)
        {
            var read = VfioCalls.ReadAt(_handle, pointer, (nuint)data.Length, checked((long)(region.FileOffsetBytes + offsetBytes)));
            CheckTransfer("pread", read, region, offsetBytes, data.Length);
        }
    }

    /// <summary>Writes registers. Allocates nothing where it succeeds. Any thread.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not all in the region.</exception>
    /// <exception cref="KernelCallException">The device refused, or took fewer bytes.</exception>
    public void Write(VfioRegion region, ulong offsetBytes, ReadOnlySpan<byte> data)
    {
        CheckAccess(region, offsetBytes, data.Length);
        fixed (byte* pointer = data)
        {
            var written = VfioCalls.WriteAt(_handle, pointer, (nuint)data.Length, checked((long)(region.FileOffsetBytes + offsetBytes)));
            CheckTransfer("pwrite", written, region, offsetBytes, data.Length);
        }
    }

    /// <summary>Maps one of a region's mappable parts, so that registers are accessed without a call.</summary>
    /// <param name="region">The region.</param>
    /// <param name="part">An index into <see cref="VfioRegion.Mappable"/>.</param>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public MappedMemory Map(VfioRegion region, int part)
    {
        ArgumentNullException.ThrowIfNull(region);
        var (offsetBytes, lengthBytes) = region.Mappable[part];
        var protection = (region.CanRead ? MemoryProtection.Read : 0) | (region.CanWrite ? MemoryProtection.Write : 0);
        return MappedMemory.MapShared(_handle, region.FileOffsetBytes + offsetBytes, lengthBytes, protection, reserve: true);
    }

    private static void CheckAccess(VfioRegion region, ulong offsetBytes, int lengthBytes)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (offsetBytes > region.LengthBytes || (ulong)lengthBytes > region.LengthBytes - offsetBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offsetBytes), offsetBytes, $"{lengthBytes} bytes from there are not within the {region.LengthBytes} bytes of region {region.Index}.");
        }
    }

    private void CheckTransfer(string call, nint done, VfioRegion region, ulong offsetBytes, int lengthBytes)
    {
        if (done != lengthBytes)
        {
            throw new KernelCallException(
                call, done < 0 ? Marshal.GetLastPInvokeError() : VfioErrno.Invalid, $"{done} of {lengthBytes} bytes at {offsetBytes} of region {region.Index} of {Name}");
        }
    }
}
