namespace Ferry.Memory;

/// <summary>One contiguous piece of guest memory: where the guest sees it, where this process sees it, where its file holds it.</summary>
/// <param name="Start">The first guest physical address; page aligned.</param>
/// <param name="LengthBytes">The length in bytes; page aligned, not zero.</param>
/// <param name="Host">Where the region is mapped in this process.</param>
/// <param name="FileOffsetBytes">The offset of the region in the descriptor that backs guest memory.</param>
public sealed record GuestRegion(Gpa Start, ulong LengthBytes, Hva Host, ulong FileOffsetBytes)
{
    /// <summary>The last guest physical address, inclusive.</summary>
    public Gpa Last => new(Start.Value + (LengthBytes - 1));

    /// <summary>The region in the identity address space, where an IOVA is the guest physical address.</summary>
    public IovaRange Range => new(new Iova(Start.Value), LengthBytes);
}
