namespace Ferry.Cli.Documents;

/// <summary>What <c>device --json</c> prints when it ends.</summary>
/// <param name="Kind">The model.</param>
/// <param name="Socket">Where it listened.</param>
/// <param name="Refused">The requests refused and connections failed.</param>
internal sealed record DeviceProcessDocument(string Kind, string Socket, long Refused);
