using CsCheck;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Model;

public sealed class DirtyGrowthTests
{
    private const double MiB = 1 << 20;

    [Fact]
    public void Uniform_writes_of_a_whole_working_set_leave_one_part_in_e_untouched() =>
        Assert.Equal((1 - Math.Exp(-1)) * 64 * MiB, DirtyGrowth.Bytes(Load(AccessPattern.Uniform, 64 * MiB, 4096), 64 * MiB, 4096, 1), 1e-3);

    [Fact]
    public void A_first_small_write_marks_sixteen_pages_at_64K() =>
        Assert.Equal(16 * 4096, DirtyGrowth.Bytes(Load(AccessPattern.Uniform, 1024 * MiB, 4096), 4096, 65536, 1), 8.0);

    [Fact]
    public void A_message_of_64K_marks_no_more_at_64K_than_at_4K() =>
        Assert.Equal(
            DirtyGrowth.Bytes(Load(AccessPattern.Uniform, 64 * MiB, 65536), 8 * MiB, 4096, 1),
            DirtyGrowth.Bytes(Load(AccessPattern.Uniform, 64 * MiB, 65536), 8 * MiB, 65536, 1), 1e-6);

    [Fact]
    public void A_sequential_writer_dirties_what_it_writes_until_it_comes_round()
    {
        var load = Load(AccessPattern.Sequential, 64 * MiB, 4096);
        Assert.Equal(16 * MiB, DirtyGrowth.Bytes(load, 16 * MiB, 4096, 1), 1e-6);
        Assert.Equal(64 * MiB, DirtyGrowth.Bytes(load, 16 * MiB, 4096, 60), 1e-6);
        // A run is widened at its end alone.
        Assert.Equal((16 * MiB) + 61440, DirtyGrowth.Bytes(load, 16 * MiB, 65536, 1), 1e-6);
    }

    [Fact]
    public void Skewed_writes_are_four_of_five_into_a_fifth() =>
        Assert.Equal(
            ((0.2 * (1 - Math.Exp(-4))) + (0.8 * (1 - Math.Exp(-0.25)))) * 80 * MiB,
            DirtyGrowth.Bytes(Load(AccessPattern.Skewed, 80 * MiB, 4096), 80 * MiB, 4096, 1), 1e-3);

    [Fact]
    public void A_completion_ring_adds_little_at_fine_pages_and_a_whole_one_at_coarse_pages()
    {
        var load = Load(AccessPattern.Sequential, 64 * MiB, 4096) with { RingBytes = WriterLoad.RingOf(64 * MiB, 4096) };
        Assert.Equal(512 * 1024, load.RingBytes);
        // 1024 writes, 32 bytes each, and the rest of the ring's page; each as far as the messages have not made the same pages dirty.
        Assert.Equal((4 * MiB) + (((32 * 1024) + 4096 - 32) * (1 - (4 / 64.5))), DirtyGrowth.Bytes(load, 4 * MiB, 4096, 1), 1e-6);
        var messages = (6 * MiB) - 4096;
        Assert.Equal(messages + (2 * MiB * (1 - (messages / (66 * MiB)))), DirtyGrowth.Bytes(load, 4 * MiB, 2 * MiB, 1), 1e-6);
        Assert.InRange(DirtyGrowth.Bytes(load, 4 * MiB, 2 * MiB, 600), 64 * MiB, DirtyGrowth.MostBytes(load, 2 * MiB));
    }

    // The formula against the thing itself: pages drawn one by one.
    [Theory]
    [InlineData(4096, 4096)]
    [InlineData(65536, 4096)]
    [InlineData(4096, 16384)]
    [InlineData(2097152, 4096)]
    public void Drawn_writes_mark_as_many_pages_as_predicted(int page, int write)
    {
        const int WorkingSet = 64 << 20, Writes = 3000;
        var random = new Random(11);
        var marked = new HashSet<int>();
        for (var i = 0; i < Writes; i++)
        {
            var first = random.Next(WorkingSet / write) * write;
            for (var at = first / page; at <= (first + write - 1) / page; at++)
            {
                marked.Add(at);
            }
        }

        var predicted = DirtyGrowth.Bytes(Load(AccessPattern.Uniform, WorkingSet, write), (double)Writes * write, page, 1);
        Assert.InRange((double)marked.Count * page / predicted, 0.97, 1.03);
    }

    [Fact]
    public void Nothing_written_is_nothing_dirty_and_nothing_exceeds_the_working_set() =>
        (from pattern in Gen.Enum<AccessPattern>()
         from workingSet in Gen.Double[0, 1e10]
         from rate in Gen.Double[0, 1e11]
         from shift in Gen.Int[12, 21]
         from seconds in Gen.Double[0, 1e3]
         select (pattern, workingSet, rate, page: (double)(1 << shift), seconds)).Sample(each =>
        {
            var load = Load(each.pattern, each.workingSet, 4096);
            var dirty = DirtyGrowth.Bytes(load, each.rate, each.page, each.seconds);
            Assert.InRange(dirty, 0, each.workingSet + (2 * each.page));
            Assert.True(dirty <= DirtyGrowth.Bytes(load, each.rate, each.page, each.seconds * 2) * (1 + 1e-9));
            Assert.True(dirty <= DirtyGrowth.Bytes(load, each.rate * 2, each.page, each.seconds) * (1 + 1e-9));
            Assert.Equal(0, DirtyGrowth.Bytes(load, 0, each.page, each.seconds));
        });

    private static WriterLoad Load(AccessPattern pattern, double workingSet, double write) =>
        new("nic0") { WorkingSetBytes = workingSet, DirtyBytesPerSecond = 0, Pattern = pattern, WriteBytes = write };
}
