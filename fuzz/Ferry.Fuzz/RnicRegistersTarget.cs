using System.Buffers.Binary;
using System.Diagnostics;
using Ferry.Devices.Models;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;

namespace Ferry.Fuzz;

/// <summary>An rnic under a hostile guest: 12 bytes an operation, which write a register, a doorbell or memory (rings and descriptors).
/// Whatever it does, the device writes no memory that is not mapped, and can still be moved.</summary>
/// <remarks>An operation is: kind u8 (modulo 4: region 0, region 2, memory, mapped doorbell page), length u8 (modulo 9), offset u16, value u64.</remarks>
internal sealed class RnicRegistersTarget : IFuzzTarget
{
    private const int OperationBytes = 12;
    private const int MostOperations = 256;
    private const int GuardBytes = 16384;
    private const int GuestBytes = 65536;

    private static readonly RnicOptions Options = new() { MessageBytes = 64, DeviceStateBytes = 256 };
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1);

    /// <inheritdoc/>
    public string Name => "rnic-registers";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        using var device = new Rnic(Options);
        using var file = MemoryFile.Create("fuzz-guest", GuestBytes + (2 * GuardBytes));
        using var memory = MappedMemory.MapShared(file.Handle, 0, file.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        var descriptor = File.OpenHandle($"/proc/self/fd/{file.Handle.DangerousGetHandle()}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        device.DmaMap(new(new(0), GuestBytes), GuardBytes, read: true, write: true, descriptor);
        for (var i = 0; i < MostOperations && input.Length >= OperationBytes; i++, input = input[OperationBytes..])
        {
            Operate(device, memory, input[..OperationBytes]);
        }

        Settle(device);
        device.SetState(VfioDeviceState.StopCopy);
        if (memory.GetSpan(0, GuardBytes).ContainsAnyExcept((byte)0) || memory.GetSpan(GuardBytes + GuestBytes, GuardBytes).ContainsAnyExcept((byte)0))
        {
            throw new InvalidOperationException("The device wrote beside its mapping.");
        }

        Move(device);
    }

    private static void Operate(Rnic device, MappedMemory memory, ReadOnlySpan<byte> operation)
    {
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(operation[2..]);
        var value = operation.Slice(4, operation[1] % 9);
        switch (operation[0] % 4)
        {
            case 0:
                device.RegionWrite(0, offset % (4096 - 8UL), value);
                device.RegionRead(0, offset % (4096 - 8UL), stackalloc byte[8]);
                break;
            case 1:
                device.RegionWrite(2, offset % (8192 - 8UL), value);
                device.RegionRead(2, offset % (8192 - 8UL), stackalloc byte[8]);
                break;
            case 2:
                value.CopyTo(memory.GetSpan((ulong)GuardBytes + offset, GuestBytes - offset)[..Math.Min(value.Length, GuestBytes - offset)]);
                break;
            default:
                using (var page = MappedMemory.MapShared(device.Regions[2].File!, 4096, 4096, MemoryProtection.Read | MemoryProtection.Write))
                {
                    value.CopyTo(page.GetSpan(offset % (4096 - 8UL), 8));
                }

                Settle(device);
                break;
        }
    }

    // The device works on its own; it is given the time to use what it was given.
    private static void Settle(Rnic device)
    {
        var waited = Stopwatch.StartNew();
        var stalls = device.Counters.Stalls;
        while (device.Counters is { IsActive: true } now && now.Stalls == stalls && waited.Elapsed < Patience)
        {
            Thread.SpinWait(10);
        }
    }

    private static void Move(Rnic source)
    {
        using var destination = new Rnic(Options);
        destination.SetState(VfioDeviceState.Resuming);
        var piece = new byte[512];
        for (var length = source.ReadMigrationData(piece); length > 0; length = source.ReadMigrationData(piece))
        {
            destination.WriteMigrationData(piece.AsSpan(0, length));
        }

        destination.SetState(VfioDeviceState.Stop);
        if (destination.Counters.Operations != source.Counters.Operations || destination.Counters.HasFailed != source.Counters.HasFailed)
        {
            throw new InvalidOperationException($"{source.Counters} became {destination.Counters}.");
        }
    }
}
