using System.IO.Hashing;

namespace Ferry.Migration.Wire;

/// <summary>The hash of a state that travels in several frames: of each frame's bytes, seeded with the hash of those before.</summary>
internal static class StateHash
{
    internal static ulong Add(ulong before, ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes, (long)before);
}
