using Ferry.Tracking.AddressSpaces;

namespace Ferry.Machine.Iommu;

/// <summary>The state of the virtual IOMMU of one device.</summary>
/// <param name="IovaPage">The register of that name.</param>
/// <param name="MemoryPage">The register of that name.</param>
/// <param name="Status">The register of that name.</param>
/// <param name="Mappings">The mappings, sorted by address and disjoint.</param>
internal sealed record IommuState(uint IovaPage, uint MemoryPage, uint Status, AddressSpaceMapping[] Mappings);
