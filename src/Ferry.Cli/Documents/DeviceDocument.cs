namespace Ferry.Cli.Documents;

/// <summary>What a device went through in a migration.</summary>
/// <param name="Id">The name in the machine file.</param>
/// <param name="States">Its states on the source and then on the destination, in order.</param>
/// <param name="PreCopyBytes">The state bytes moved while it ran.</param>
/// <param name="StopCopyBytes">The state bytes moved while it was stopped.</param>
internal sealed record DeviceDocument(string Id, IReadOnlyList<string> States, ulong PreCopyBytes, ulong StopCopyBytes);
