using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Devices.Tests.Models;

/// <summary>Moves device state from one device to another, as the migration engine does.</summary>
internal static class RnicTransfer
{
    /// <summary>Reads what there is now.</summary>
    public static byte[] ReadAll(IVfioUserDevice source, int pieceBytes = 10_000)
    {
        using var all = new MemoryStream();
        var piece = new byte[pieceBytes];
        for (var length = source.ReadMigrationData(piece); length > 0; length = source.ReadMigrationData(piece))
        {
            all.Write(piece, 0, length);
        }

        return all.ToArray();
    }

    /// <summary>Stops the source and gives its whole state.</summary>
    public static byte[] Save(IVfioUserDevice source)
    {
        source.SetState(VfioDeviceState.StopCopy);
        return ReadAll(source);
    }

    /// <summary>Loads a state and leaves RESUMING.</summary>
    public static void Load(IVfioUserDevice destination, ReadOnlySpan<byte> state, VfioDeviceState next = VfioDeviceState.Running)
    {
        destination.SetState(VfioDeviceState.Resuming);
        for (; !state.IsEmpty; state = state[Math.Min(state.Length, 7_001)..])
        {
            destination.WriteMigrationData(state[..Math.Min(state.Length, 7_001)]);
        }

        destination.SetState(next);
    }
}
