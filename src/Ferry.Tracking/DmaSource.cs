namespace Ferry.Tracking;

/// <summary>Something that writes guest memory and is tracked as one: the vCPUs together, or one device.</summary>
/// <param name="Id">The name that people and policies use; unique in a machine.</param>
public readonly record struct DmaSource(string Id)
{
    /// <summary>All vCPUs of the machine.</summary>
    public static DmaSource Vcpus { get; } = new("vcpus");

    /// <inheritdoc/>
    public override string ToString() => Id;
}
