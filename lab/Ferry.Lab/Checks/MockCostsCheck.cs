using Ferry.Lab.Devices;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>What GET_DIRTY_BITMAP takes on the kernel's mock device, where nothing and where some pages are dirty.</summary>
internal sealed class MockCostsCheck : ILabCheck
{
    private const ulong Apart = 64 << 12;

    /// <inheritdoc/>
    public string Name => "iommufd-costs";

    /// <inheritdoc/>
    public LabMachine Machine => LabMachine.Plain;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var (clean, dirty) = (new DirtyCosts(), new DirtyCosts());
        foreach (var size in DirtyCosts.Sizes)
        {
            var range = new IovaRange(new(1UL << 30), size);
            using var device = new MockDevice(0, null, range);
            device.Hwpt!.SetDirtyTracking(enabled: true);
            void Report(ulong[] words) => device.Hwpt.GetDirtyBitmap(range, PageSize.Size4K, words, clear: true);
            clean.Add(range, 0, () => { }, Report);
            dirty.Add(range, size / Apart, () => WriteApart(device, range), Report);
        }

        return $"nothing dirty {clean}; one page of 64 {dirty}";
    }

    private static void WriteApart(MockDevice device, IovaRange range)
    {
        for (ulong offset = 0; offset < range.LengthBytes; offset += Apart)
        {
            device.Write(new(range.Start.Value + offset));
        }
    }
}
