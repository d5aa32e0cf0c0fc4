using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Machine.Iommu;

namespace Ferry.Fuzz;

/// <summary>The state of virtual IOMMUs, from a source that may be anyone: as it came, and with its hash made right, which gets past the first check.</summary>
internal sealed class IommuStateTarget : IFuzzTarget
{
    private const int LengthAt = 16;
    private const int HashBytes = 8;

    /// <inheritdoc/>
    public string Name => "iommu-state";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        TryRead(input);
        var sealedInput = input.ToArray();
        if (input.Length >= LengthAt + sizeof(uint)
            && BinaryPrimitives.ReadUInt32LittleEndian(input[LengthAt..]) is var length && length >= HashBytes && length <= (uint)input.Length)
        {
            var end = (int)length - HashBytes;
            BinaryPrimitives.WriteUInt64LittleEndian(sealedInput.AsSpan(end), XxHash3.HashToUInt64(sealedInput.AsSpan(0, end)));
            TryRead(sealedInput);
        }
    }

    private static void TryRead(ReadOnlySpan<byte> state)
    {
        try
        {
            IommuStateFormat.Read(state, 2, out _);
        }
        catch (InvalidDataException)
        {
            // Refused, with a reason.
        }
    }
}
