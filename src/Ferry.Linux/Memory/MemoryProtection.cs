namespace Ferry.Linux.Memory;

/// <summary>What may be done with mapped memory. Source: mmap(2), PROT_*.</summary>
[Flags]
public enum MemoryProtection
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Reading.</summary>
    Read = 1,

    /// <summary>Writing.</summary>
    Write = 2,

    /// <summary>Running code.</summary>
    Execute = 4,
}
