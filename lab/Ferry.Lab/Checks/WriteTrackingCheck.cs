using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>userfaultfd and PAGEMAP_SCAN say which pages were written, exactly, round after round.</summary>
internal sealed class WriteTrackingCheck : ILabCheck
{
    private const ulong PageCount = 4096;
    private const int Rounds = 3;

    /// <inheritdoc/>
    public string Name => "write-tracking";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        LabContext.Require(WriteTracking.TryOpen(out var opened, out var reason), reason ?? "");
        using var tracking = opened!;
        using var file = GuestMemoryFile.Create([(new(0), PageCount * PageSize.Size4K.Bytes)]);
        var region = file.Memory.Regions[0];
        tracking.Start(region.Host, region.LengthBytes);
        var random = new Random(1);
        var total = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var written = new SortedSet<ulong>();
            for (var i = 0; i < 500; i++)
            {
                var page = (ulong)random.NextInt64((long)PageCount);
                file.Memory.GetSpan(new(page * PageSize.Size4K.Bytes), 1)[0]++;
                written.Add(page);
            }

            var found = Take(tracking, region);
            LabContext.Require(written.SetEquals(found), $"round {round}: {written.Count} pages written, {found.Count} found, {written.Intersect(found).Count()} of them the same");
            total += found.Count;
        }

        LabContext.Require(Take(tracking, region).Count == 0, "pages were found again without a write");
        tracking.Stop(region.Host, region.LengthBytes);
        return $"{total} pages written in {Rounds} rounds, exactly these found";
    }

    private static SortedSet<ulong> Take(WriteTracking tracking, GuestRegion region)
    {
        var found = new SortedSet<ulong>();
        var end = new Hva(region.Host.Value + (nuint)region.LengthBytes);
        for (var at = region.Host; at.Value < end.Value;)
        {
            foreach (var run in tracking.TakeWritten(ref at, end))
            {
                for (var address = run.Start; address < run.End; address += PageSize.Size4K.Bytes)
                {
                    found.Add((address - region.Host.Value) / PageSize.Size4K.Bytes);
                }
            }
        }

        return found;
    }
}
