namespace Ferry.Memory;

/// <summary>A host virtual address in this process, in bytes.</summary>
public readonly record struct Hva(nuint Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"hva 0x{Value:x}";
}
