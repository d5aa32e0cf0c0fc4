namespace Ferry.Bench.Model;

/// <summary>What a compression does, and how fast.</summary>
/// <param name="Name">Its name in a policy.</param>
/// <param name="BytesPerSecond">Guest bytes that one channel compresses a second; infinite for none.</param>
/// <param name="Strength">The part of what can be saved that it saves; 0 to 1.</param>
public sealed record CodecCosts(string Name, double BytesPerSecond, double Strength)
{
    /// <summary>No compression.</summary>
    public static CodecCosts None { get; } = new("none", double.PositiveInfinity, 0);

    /// <summary>The bytes on the wire for one byte of the guest's.</summary>
    /// <param name="compressedPart">What is left of a byte by the best compression.</param>
    public double WirePart(double compressedPart) => 1 - (Strength * (1 - compressedPart));
}
