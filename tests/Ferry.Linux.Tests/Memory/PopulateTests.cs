using Ferry.Linux.Memory;
using Ferry.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Memory;

public sealed class PopulateTests
{
    [Fact]
    public void It_ends_when_it_is_cancelled_and_leaves_the_rest_untouched()
    {
        using var file = GuestMemoryFile.Create([(new(0), 256 << 20)]);
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => file.PopulateAll(1, _ => cancel.Cancel(), cancel.Token));
        var done = file.FindPopulated().Sum(range => (long)range.LengthBytes);
        Assert.InRange(done, 16 << 20, 255 << 20);
    }

    [Fact]
    public void What_a_progress_report_throws_is_what_arrives()
    {
        using var file = GuestMemoryFile.Create([(new(0), 64 << 20)]);
        Assert.Throws<TimeoutException>(() => file.PopulateAll(2, _ => throw new TimeoutException(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Writers_beside_it_lose_nothing()
    {
        using var file = GuestMemoryFile.Create([(new(0), 64 << 20)]);
        const int pages = (64 << 20) >> 12;
        var writer = new Thread(() =>
        {
            for (var page = pages - 1; page >= 0; page--)
            {
                file.Memory.GetSpan(new((ulong)page << 12), 1)[0] = (byte)(page % 251 + 1);
            }
        });
        writer.Start();
        file.PopulateAll(2, null, TestContext.Current.CancellationToken);
        writer.Join();
        Assert.All(Enumerable.Range(0, pages), page => Assert.Equal((byte)(page % 251 + 1), file.Memory.GetSpan(new((ulong)page << 12), 1)[0]));
    }

    [Fact]
    public void Holes_between_data_are_found_in_every_region_and_clipped_to_it()
    {
        // Data that crosses the regions' border in the file is two ranges of the guest's.
        using var file = GuestMemoryFile.Create([(new(0), 1 << 20), (new(GuestLayout.HoleEnd), 1 << 20)]);
        file.Populate(new(new((1 << 20) - 8192), 8192));
        file.Populate(new(new(GuestLayout.HoleEnd), 4096));
        file.Populate(new(new(GuestLayout.HoleEnd + (1 << 20) - 4096), 4096));
        Assert.Equal(
            [new(new((1 << 20) - 8192), 8192), new(new(GuestLayout.HoleEnd), 4096), new(new(GuestLayout.HoleEnd + (1 << 20) - 4096), 4096)],
            file.FindPopulated());
    }
}
