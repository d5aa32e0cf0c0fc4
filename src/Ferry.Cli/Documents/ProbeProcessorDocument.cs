namespace Ferry.Cli.Documents;

/// <summary>The processor.</summary>
/// <param name="Model">Its model name.</param>
/// <param name="Virtualization"><c>vmx</c> or <c>svm</c>; null where it shows neither.</param>
/// <param name="PageSizes">The page sizes of its page tables, in bytes, ascending.</param>
internal sealed record ProbeProcessorDocument(string? Model, string? Virtualization, IReadOnlyList<ulong> PageSizes);
