namespace Ferry.VfioUser.Protocol;

/// <summary>The fields that DEVICE_FEATURE begins with. Source: linux/vfio.h, struct vfio_device_feature.</summary>
internal readonly record struct FeatureHeader(uint ArgumentBytes, FeatureNumber Feature, uint Operations)
{
    internal const int Bytes = 8;
    internal const uint Get = 1 << 16;
    internal const uint Set = 1 << 17;
    internal const uint Probe = 1 << 18;
    private const uint FeatureMask = 0xffff;

    internal static FeatureHeader Read(ref PayloadReader reader)
    {
        var argumentBytes = reader.UInt32();
        var flags = reader.UInt32();
        return new FeatureHeader(argumentBytes, (FeatureNumber)(flags & FeatureMask), flags & ~FeatureMask);
    }

    internal void Write(ref PayloadWriter writer)
    {
        writer.UInt32(ArgumentBytes);
        writer.UInt32((uint)Feature | Operations);
    }
}
