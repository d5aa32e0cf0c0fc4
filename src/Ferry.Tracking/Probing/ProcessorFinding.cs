using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>The processor.</summary>
/// <param name="Model">Its model name.</param>
/// <param name="Virtualization">The extension that KVM uses, <c>vmx</c> or <c>svm</c>; null where it shows none, as in many virtual machines.</param>
/// <param name="PageSizes">The page sizes of its page tables, ascending.</param>
public sealed record ProcessorFinding(string? Model, string? Virtualization, IReadOnlyList<PageSize> PageSizes);
