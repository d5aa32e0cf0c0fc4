using Ferry.Migration.Wire;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

public sealed class MigrationTests
{
    [Theory]
    [InlineData(1, PopulateMode.None, PageCompression.None)]
    [InlineData(2, PopulateMode.Before, PageCompression.None)]
    [InlineData(3, PopulateMode.Beside, PageCompression.Zstd)]
    [InlineData(4, PopulateMode.Beside, PageCompression.Lz4)]
    public void A_machine_that_is_written_all_the_while_arrives_whole(int channels, PopulateMode populate, PageCompression compression)
    {
        using var pair = new Pair();
        pair.Fill();
        pair.SourceOptions = pair.SourceOptions with { Channels = channels, Populate = populate, Compression = compression };
        var reports = pair.Run();
        pair.AssertMoved(reports);
        Assert.True(reports.Source.MemoryVerified);
    }
}
