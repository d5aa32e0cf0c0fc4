namespace Ferry.Fuzz;

/// <summary>A parser that takes bytes from a file, a peer, a device or a guest.</summary>
public interface IFuzzTarget
{
    /// <summary>The name, which is also that of its corpus folder.</summary>
    string Name { get; }

    /// <summary>Parses the bytes. Refusing them is fine; any exception that the parser does not document, a hang or a large
    /// allocation is a finding.</summary>
    void Run(ReadOnlySpan<byte> input);
}
