using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;

namespace Ferry.Migration.Execution;

/// <summary>Takes devices through their states, and names the one that refuses.</summary>
internal static class DeviceArcs
{
    /// <exception cref="IOException">The device refused, or can't be reached; the message says which, and on which arc.</exception>
    internal static void Take(IMigratableDevice device, VfioDeviceState next)
    {
        var from = device.State;
        try
        {
            device.SetState(next);
        }
        catch (IOException e)
        {
            throw new IOException($"Device {device.Id} did not go from {VfioMigrationNames.Of(from)} to {VfioMigrationNames.Of(next)}: {e.Message}", e);
        }
    }
}
