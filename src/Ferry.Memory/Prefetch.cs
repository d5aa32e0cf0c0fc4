using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Ferry.Memory;

/// <summary>Asks for memory before it is read: the processor's own prefetching ends with each page, and the walk to the next one is long.</summary>
public static class Prefetch
{
    private const int LineBytes = 64;

    /// <summary>Asks for as many bytes as <paramref name="bytes"/> has, from where it ends. A hint: they need not be memory at all.</summary>
    public static unsafe void After(ReadOnlySpan<byte> bytes)
    {
        if (Sse.IsSupported)
        {
            var next = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) + bytes.Length;
            for (var offset = 0; offset < bytes.Length; offset += LineBytes)
            {
                Sse.Prefetch0(next + offset);
            }
        }
    }
}
