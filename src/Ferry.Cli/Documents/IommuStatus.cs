namespace Ferry.Cli.Documents;

/// <summary>A device's virtual IOMMU as <c>status</c> shows it.</summary>
/// <param name="Mappings">How many mappings there are.</param>
/// <param name="Changes">How often the guest mapped or unmapped on this host.</param>
internal sealed record IommuStatus(int Mappings, long Changes);
