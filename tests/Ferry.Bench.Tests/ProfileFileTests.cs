using System.Text;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests;

/// <summary>A profile reads as it was written, and one wrong value is enough for it to be refused, by name.</summary>
public sealed class ProfileFileTests
{
    [Fact]
    public void What_was_written_reads_the_same()
    {
        var written = ProfileFile.Format(Some.Profile());
        Assert.Equal(written, ProfileFile.Format(ProfileFile.Parse(written)));
    }

    [Fact]
    public void A_link_stays_a_link_and_what_is_no_file_is_not_replaced()
    {
        var folder = Directory.CreateTempSubdirectory("ferry-");
        try
        {
            var (target, link) = (Path.Combine(folder.FullName, "target.json"), Path.Combine(folder.FullName, "link.json"));
            File.WriteAllText(target, "old");
            File.CreateSymbolicLink(link, target);
            ProfileFile.Write(link, Some.Profile());
            Assert.Equal(target, new FileInfo(link).LinkTarget);
            Assert.Equal(ProfileFile.Format(Some.Profile()), File.ReadAllBytes(target));
            Assert.Contains("a folder", Assert.Throws<IOException>(() => ProfileFile.Write(folder.FullName, Some.Profile())).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "version: 2")]
    [InlineData("\"version\": 1", "\"version\": 0", "version: 0")]
    [InlineData("\"cores\": 2", "\"cores\": 0", "host.cores")]
    [InlineData("\"kvm\"", "\"xen\"", "host.accelerator")]
    [InlineData("\"fingerprint\": \"", "\"fingerprint\": \"f", "host.fingerprint")]
    [InlineData("\"experiment\": \"report\"", "\"experiment\": \"rapport\"", "experiment")]
    [InlineData("\"pageSizeBytes\": 65536", "\"pageSizeBytes\": 65537", "pageSizeBytes: 65537")]
    [InlineData("\"provider\": \"device\"", "\"provider\": \"devise\"", "provider")]
    [InlineData("\"rangeCount\": 4", "\"rangeCount\": 0", "rangeCount: 0")]
    [InlineData("\"workingSetBytes\": 67108864", "\"workingSetBytes\": 1073741825", "workingSetBytes")]
    [InlineData("\"pattern\": \"Skewed\"", "\"pattern\": 7", "pattern")]
    [InlineData("\"dataBytes\": 4096", "\"dataBytes\": 1073741825", "dataBytes")]
    [InlineData("\"guestWorkingSetBytes\": 4096", "\"guestWorkingSetBytes\": 1073741825", "guestWorkingSetBytes")]
    [InlineData("\"link\": \"1Gbps\"", "\"link\": \"2Gbps\"", "link: one of")]
    [InlineData("\"link\": \"1Gbps\"", "\"limitBytesPerSecond\": 0", "limitBytesPerSecond: 0")]
    [InlineData("\"a note\"", "\"\"", "notes")]
    [InlineData("\"a note\"", "null", "notes")]
    [InlineData("0.25", "-0.25", "report-seconds")]
    [InlineData("0.25", "1e999", "report-seconds")]
    [InlineData("0.25", "null", "not a profile")]
    [InlineData("\"count\": 3", "\"count\": 0", "count: 0")]
    [InlineData("\"cores\"", "\"cars\"", "not a profile")]
    [InlineData("\"value\": 0.125", "\"value\": -1", "value: -1")]
    public void A_planted_wrong_value_is_refused_by_name(string right, string wrong, string named)
    {
        var text = Encoding.UTF8.GetString(ProfileFile.Format(Some.Profile()));
        Assert.Contains(right, text, StringComparison.Ordinal);
        var index = text.IndexOf(right, StringComparison.Ordinal);
        var planted = text[..index] + wrong + text[(index + right.Length)..];
        var refused = Assert.Throws<ProfileException>(() => ProfileFile.Parse(Encoding.UTF8.GetBytes(planted)));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_that_stands_there_twice_is_refused()
    {
        var profile = Some.Profile();
        Assert.Throws<ProfileException>(() => ProfileFile.Format(profile with { Samples = [.. profile.Samples, .. profile.Samples] }));
    }

    [Fact]
    public void A_write_that_fails_leaves_what_was_there()
    {
        var folder = Directory.CreateTempSubdirectory("ferry-");
        try
        {
            var path = Path.Combine(folder.FullName, "profile.json");
            ProfileFile.Write(path, Some.Profile());
            var before = File.ReadAllBytes(path);
            // A folder where the fresh file should go.
            Directory.CreateDirectory($"{path}.new");
            Assert.ThrowsAny<Exception>(() => ProfileFile.Write(path, Some.Profile() with { IsComplete = true }));
            Assert.Equal(before, File.ReadAllBytes(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_fingerprint_changes_with_the_kernel_and_not_with_a_little_memory()
    {
        var host = HostReader.Create("6.12.0", "cpu", 2, 16UL << 30, "kvm");
        Assert.Equal(host.Fingerprint, HostReader.Create("6.12.0", "cpu", 2, (16UL << 30) - (1 << 20), "kvm").Fingerprint);
        Assert.NotEqual(host.Fingerprint, HostReader.Create("6.12.1", "cpu", 2, 16UL << 30, "kvm").Fingerprint);
        Assert.Equal(HostReader.Read().Fingerprint, HostReader.Read().Fingerprint);
    }
}
