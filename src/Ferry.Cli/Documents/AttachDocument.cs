namespace Ferry.Cli.Documents;

/// <summary>What came of attaching a device.</summary>
/// <param name="Device">Its id.</param>
/// <param name="IsDriven">Whether a vCPU's program drives it; else it is there, and nobody uses it.</param>
internal sealed record AttachDocument(string Device, bool IsDriven);
