using Ferry.Memory;

namespace Ferry.Tracking.AddressSpaces;

/// <summary>A range of I/O virtual addresses and the guest memory that it stands for, byte by byte.</summary>
/// <param name="Range">The addresses that devices use; made of whole 4 KiB pages.</param>
/// <param name="Start">The guest physical address of the first of them; a multiple of 4 KiB.</param>
/// <param name="IsWritable">Whether devices may write it; they may read it in any case.</param>
public readonly record struct AddressSpaceMapping(IovaRange Range, Gpa Start, bool IsWritable)
{
    /// <summary>The guest memory as the vCPUs address it, whose IOVAs are the guest physical addresses.</summary>
    public IovaRange Memory => new(new(Start.Value), Range.LengthBytes);

    /// <summary>The guest memory that a part of the range stands for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in <see cref="Range"/>.</exception>
    public IovaRange MemoryOf(IovaRange part) => Range.Contains(part)
        ? new(new(Start.Value + (part.Start.Value - Range.Start.Value)), part.LengthBytes)
        : throw new ArgumentOutOfRangeException(nameof(part), part, $"Not within {Range}.");
}
