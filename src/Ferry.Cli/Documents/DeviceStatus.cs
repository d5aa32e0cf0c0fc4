namespace Ferry.Cli.Documents;

/// <summary>A device as <c>status</c> shows it.</summary>
/// <param name="Id">The name in the machine file.</param>
/// <param name="Kind">The model.</param>
/// <param name="State">Its VFIO migration state.</param>
internal sealed record DeviceStatus(string Id, string Kind, string State);
