using Ferry.Lab.Devices;
using Ferry.Linux;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>The dirty bits of a page table, by the calls themselves: read without and with clearing, at page sizes, across words, beside bits of others,
/// and of what is unmapped while it is tracked.</summary>
internal sealed class MockBitsCheck : ILabCheck
{
    private static readonly IovaRange First = new(new(32 << 20), 1 << 20);
    private static readonly IovaRange Second = new(new(33 << 20), 3 << 20);

    /// <inheritdoc/>
    public string Name => "iommufd-dirty-bits";

    /// <inheritdoc/>
    public LabMachine Machine => LabMachine.Plain;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var device = new MockDevice(0, null, First, Second);
        var hwpt = device.Hwpt!;
        hwpt.SetDirtyTracking(enabled: true);
        ulong[] pages = [0, 1, 63, 64, 100, 255];
        foreach (var page in pages)
        {
            device.Write(new(First.Start.Value + (page << 12)));
        }

        var words = new ulong[4];
        hwpt.GetDirtyBitmap(First, PageSize.Size4K, words, clear: false);
        RequirePages(words, pages, "without clearing");
        Array.Clear(words);
        words[1] = 1UL << 5;
        hwpt.GetDirtyBitmap(First, PageSize.Size4K, words, clear: true);
        RequirePages(words, [.. pages, 69], "with clearing, beside a bit of others");
        Array.Clear(words);
        hwpt.GetDirtyBitmap(First, PageSize.Size4K, words, clear: true);
        RequirePages(words, [], "after clearing");
        CheckSizesAndWords(device);

        // A start forgets what was written before, and so does a stop.
        device.Write(First.Start);
        hwpt.SetDirtyTracking(enabled: true);
        Array.Clear(words);
        hwpt.GetDirtyBitmap(First, PageSize.Size4K, words, clear: true);
        RequirePages(words, [], "after a new start");
        hwpt.SetDirtyTracking(enabled: false);
        CheckUnmap(device);
        return $"{pages.Length} pages, with and without clearing, at 4K to 1M, unmapped while tracked";
    }

    private static void CheckSizesAndWords(MockDevice device)
    {
        var hwpt = device.Hwpt!;
        foreach (var shift in (ReadOnlySpan<int>)[12, 13, 16, 20])
        {
            foreach (var page in (ReadOnlySpan<ulong>)[3, 64, 128, 255])
            {
                device.Write(new(First.Start.Value + (page << 12)));
            }

            var words = new ulong[4];
            hwpt.GetDirtyBitmap(First, new(1UL << shift), words, clear: true);
            RequirePages(words, [.. new ulong[] { 3, 64, 128, 255 }.Select(page => page << 12 >> shift).Distinct()], $"at {1 << shift} bytes");
        }

        // From the middle of a word to the middle of another; what lies beside stays dirty.
        foreach (var page in (ReadOnlySpan<ulong>)[31, 32, 63, 64, 127, 128, 160, 161])
        {
            device.Write(new(First.Start.Value + (page << 12)));
        }

        var part = new ulong[3];
        hwpt.GetDirtyBitmap(new(new(First.Start.Value + (32 << 12)), 129 << 12), PageSize.Size4K, part, clear: true);
        RequirePages(part, [0, 31, 32, 95, 96, 128], "from page 32 to 160");
        var rest = new ulong[4];
        hwpt.GetDirtyBitmap(First, PageSize.Size4K, rest, clear: true);
        RequirePages(rest, [31, 161], "beside page 32 to 160");
    }

    private static void CheckUnmap(MockDevice device)
    {
        LabContext.Require(
            IommufdTracker.TryCreate(device.Iommufd, device.Hwpt!, [device.DeviceId], [new("mock")], out var tracker, out var reason), reason ?? "");
        using (tracker)
        {
            var all = new IovaRange(First.Start, First.LengthBytes + Second.LengthBytes);
            tracker.Start([all], PageSize.Size4K);
            device.Write(new(First.Start.Value + (7 << 12)));
            device.Write(new(Second.Start.Value + (9 << 12)));
            using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
            tracker.Unmap(First, bitmap);
            LabContext.Require(bitmap.IsSet(7) && bitmap.Count() == 1, $"{bitmap.Count()} pages were delivered with what was unmapped");
            tracker.Report(all, bitmap);
            LabContext.Require(bitmap.IsSet(256 + 9) && bitmap.Count() == 2, $"{bitmap.Count()} pages in the end");
            try
            {
                tracker.Unmap(new(Second.Start, 1 << 20), bitmap);
            }
            catch (KernelCallException)
            {
                return;
            }

            throw new CheckFailedException("a part of a mapping was unmapped");
        }
    }

    private static void RequirePages(ReadOnlySpan<ulong> words, IReadOnlyCollection<ulong> pages, string what)
    {
        var found = new List<ulong>();
        for (var i = 0; i < words.Length * 64; i++)
        {
            if ((words[i / 64] >> (i % 64) & 1) != 0)
            {
                found.Add((ulong)i);
            }
        }

        LabContext.Require(found.SequenceEqual(pages.Order()), $"{what}: pages {string.Join(", ", pages.Order())} are dirty, and {string.Join(", ", found)} were reported");
    }
}
