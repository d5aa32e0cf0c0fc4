using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Fuzz;

/// <summary>The state of an rnic, as a migration brings it: the bytes as they are, and again with every checksum made right, so that
/// alterations reach what the checksums guard.</summary>
internal sealed class RnicStateTarget : IFuzzTarget
{
    private const int PrologueBytes = 80;
    private const int PrologueChecksum = 40;
    private const int TableStart = 48;
    private const int RecordBytes = 32;
    private const int RecordChecksum = 24;

    /// <inheritdoc/>
    public string Name => "rnic-state";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        using var device = new Rnic(new RnicOptions { MessageBytes = 64, DeviceStateBytes = 256 });
        Load(device, input);
        Load(device, WithChecksums(input));
    }

    private static void Load(Rnic device, ReadOnlySpan<byte> state)
    {
        try
        {
            device.SetState(VfioDeviceState.Resuming);
            var half = state.Length / 2;
            device.WriteMigrationData(state[..half]);
            device.WriteMigrationData(state[half..]);
            device.SetState(VfioDeviceState.Running);
        }
        catch (VfioUserException)
        {
            // Refused, with a reason.
        }

        device.Reset();
        if (device.State != VfioDeviceState.Running || device.Counters.Operations != 0)
        {
            throw new InvalidOperationException($"After a reset the device is in {device.State} with {device.Counters}.");
        }
    }

    private static byte[] WithChecksums(ReadOnlySpan<byte> input)
    {
        var state = input.ToArray();
        if (state.Length < PrologueBytes)
        {
            return state;
        }

        Seal(state.AsSpan(PrologueChecksum), state.AsSpan(0, PrologueChecksum), state.AsSpan(TableStart, PrologueBytes - TableStart));
        for (var at = PrologueBytes; state.Length - at >= RecordBytes;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(state.AsSpan(at + 16));
            if (length > (uint)(state.Length - at - RecordBytes))
            {
                break;
            }

            Seal(state.AsSpan(at + RecordChecksum), state.AsSpan(at, RecordChecksum), state.AsSpan(at + RecordBytes, (int)length));
            at += RecordBytes + (int)length;
        }

        return state;
    }

    private static void Seal(Span<byte> field, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var hash = new XxHash3();
        hash.Append(first);
        hash.Append(second);
        BinaryPrimitives.WriteUInt64LittleEndian(field, hash.GetCurrentHashAsUInt64());
    }
}
