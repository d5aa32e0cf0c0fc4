using Ferry.Linux.Userfault;

namespace Ferry.VfioUser.Client;

/// <summary>What a device's process gave to have its page table watched.</summary>
/// <param name="Windows">Its mappings of guest memory that it may write.</param>
/// <param name="Descriptors">What to watch them by; the caller's to close.</param>
internal sealed record SharedPageTable(IReadOnlyList<MappedWindow> Windows, PageTableDescriptors Descriptors);
