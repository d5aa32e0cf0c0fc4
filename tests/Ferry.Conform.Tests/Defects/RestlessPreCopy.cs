using Ferry.Conform.Tests.Devices;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Has more to send after each read, though it has nothing to do.</summary>
internal sealed class RestlessPreCopy(CounterDevice inner) : DeviceWrapper(inner)
{
    public override int ReadMigrationData(Span<byte> buffer)
    {
        var read = base.ReadMigrationData(buffer);
        inner.Stir();
        return read;
    }
}
