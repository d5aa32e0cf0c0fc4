using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Devices;

/// <summary>A device that does not migrate.</summary>
internal sealed class Immovable(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override VfioMigrationFlags Migration => VfioMigrationFlags.None;
}
