namespace Ferry.Cli.Events;

/// <summary>A device that came into a state.</summary>
/// <param name="Id">The name in the machine file.</param>
/// <param name="State">The state, as VFIO names it.</param>
internal sealed record DeviceEvent(string Id, string State);
