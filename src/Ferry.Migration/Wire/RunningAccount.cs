using System.Buffers.Binary;

namespace Ferry.Migration.Wire;

/// <summary>What a destination that runs says of itself; 32 bytes, to which newer minor versions may append.</summary>
internal readonly record struct RunningAccount(TimeSpan Downtime, TimeSpan Cpu, ulong ExtraRssBytes, TimeSpan Populate)
{
    internal const int LengthBytes = 32;

    internal void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, Downtime.Ticks);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], Cpu.Ticks);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], ExtraRssBytes);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Populate.Ticks);
    }

    /// <exception cref="StreamProtocolException">It is too short.</exception>
    internal static RunningAccount Parse(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(ControlKind.Running, payload);
        return new RunningAccount(Ticks(reader.UInt64()), Ticks(reader.UInt64()), reader.UInt64(), Ticks(reader.UInt64()));
    }

    private static TimeSpan Ticks(ulong ticks) => TimeSpan.FromTicks((long)Math.Min(ticks, long.MaxValue));
}
