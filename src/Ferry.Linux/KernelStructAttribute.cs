namespace Ferry.Linux;

/// <summary>Names the C structure that a type mirrors, so that a test can compare its layout with what a C compiler says.</summary>
/// <param name="name">The structure's tag in the headers.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class KernelStructAttribute(string name) : Attribute
{
    /// <summary>The structure's tag.</summary>
    public string Name { get; } = name;

    /// <summary>The C names of the fields in their order, parted by blanks; null where they are the type's own in snake case.</summary>
    public string? Fields { get; init; }
}
