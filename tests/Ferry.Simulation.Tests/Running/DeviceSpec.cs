using Ferry.Linux.Vfio;
using Ferry.Simulation.Tests.Machines;

namespace Ferry.Simulation.Tests.Running;

/// <summary>A device on both sides.</summary>
internal sealed record DeviceSpec(string Id, VfioMigrationFlags Flags, int Chunks)
{
    public bool IsEarly { get; init; }

    public IReadOnlyList<string> Reaches { get; init; } = [];

    public DeviceFault SourceFault { get; init; }

    public int SourceFaultAt { get; init; }

    public DeviceFault DestinationFault { get; init; }

    public int DestinationFaultAt { get; init; }
}
