namespace Ferry.Linux;

/// <summary>Names the kernel's structure that a type mirrors, so that a test can compare the layouts with the headers'.</summary>
/// <param name="name">The structure's tag in the kernel's headers.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class KernelStructAttribute(string name) : Attribute
{
    /// <summary>The structure's tag.</summary>
    public string Name { get; } = name;
}
