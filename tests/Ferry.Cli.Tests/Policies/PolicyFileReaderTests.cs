using System.Text;
using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Cli.Toml;
using Ferry.Migration.Planning;
using Ferry.Tracking.Policy;
using Xunit;

namespace Ferry.Cli.Tests.Policies;

public sealed class PolicyFileReaderTests
{
    [Fact]
    public void An_empty_file_is_what_holds_without_one()
    {
        var policy = Parse("");
        Assert.Empty(policy.Origins);
        Assert.Equal(new MigrateRequest() with { Rules = policy.Request.Rules }, policy.Request);
        Assert.Equal(SourceSettings.Resolve([], "vcpus", isDevice: false), SourceSettings.Resolve(policy.Request.Rules, "vcpus", isDevice: false));
        Assert.Equal(SourceSettings.Resolve([], "nic0", isDevice: true), SourceSettings.Resolve(policy.Request.Rules, "nic0", isDevice: true));
    }

    [Fact]
    public void The_example_says_what_the_defaults_are()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "examples")))
        {
            folder = folder.Parent!;
        }

        var policy = PolicyFileReader.Read(Path.Combine(folder.FullName, "examples", "policy.toml"));
        Assert.Equal(new MigrateRequest() with { Rules = policy.Request.Rules }, policy.Request);
        foreach (var isDevice in (bool[])[false, true])
        {
            var (here, otherwise) = (SourceSettings.Resolve(policy.Request.Rules, "x", isDevice), SourceSettings.Resolve([], "x", isDevice));
            Assert.Equal(otherwise.With.Value, here.With.Value);
            Assert.Equal(
                (otherwise.Combine.Value, otherwise.PageSizeBytes.Value, otherwise.Fallback.Value, otherwise.Quiesce.Value, otherwise.Sync.Value),
                (here.Combine.Value, here.PageSizeBytes.Value, here.Fallback.Value, here.Quiesce.Value, here.Sync.Value));
        }
    }

    [Fact]
    public void A_source_has_its_own_table_then_the_default_then_what_is_built_in()
    {
        var rules = Parse(
            """
            [default]
            page-size = "64K"
            fallback = "all"

            [[source]]
            id = "nic0"
            with = ["device", "all"]
            combine = "union"
            page-size = "2M"
            sync = "each-round"
            """).Request.Rules;
        var nic = SourceSettings.Resolve(rules, "nic0", isDevice: true);
        Assert.Equal(["device", "all"], nic.With.Value);
        Assert.Equal((2UL << 20, "p.toml:9"), (nic.PageSizeBytes.Value, nic.PageSizeBytes.From));
        Assert.Equal(("all", "p.toml:3"), (nic.Fallback.Value, nic.Fallback.From));
        Assert.Equal(("normal", "default"), (nic.Quiesce.Value, nic.Quiesce.From));
        Assert.Equal(P2PSyncPolicy.EachRound, nic.ToSyncPolicy());
        Assert.Equal((TrackerCombination.Union, "all", false), (nic.ToPolicy().Combination, nic.ToPolicy().Fallback, nic.ToPolicy().FallsBackToNext));
        Assert.Equal(64UL << 10, SourceSettings.Resolve(rules, "disk0", isDevice: true).PageSizeBytes.Value);
    }

    [Theory]
    [InlineData("never", 0)]
    [InlineData("near-end", 1)]
    [InlineData("last-1", 1)]
    [InlineData("last-3", 3)]
    [InlineData("last-100", 100)]
    [InlineData("each-round", int.MaxValue)]
    public void The_rounds_of_a_sync_in_P2P_are_read(string text, int rounds)
    {
        var rules = Parse($$"""default = { sync = "{{text}}" }""").Request.Rules;
        Assert.Equal(rounds, SourceSettings.Resolve(rules, "nic0", isDevice: true).ToSyncPolicy().LastRounds);
    }

    [Theory]
    [InlineData("last")]
    [InlineData("last-0")]
    [InlineData("last--1")]
    [InlineData("last-101")]
    [InlineData("last-1.5")]
    [InlineData("last- 2")]
    [InlineData("near-ende")]
    public void Rounds_of_a_sync_that_are_none_are_refused(string text) =>
        Assert.Contains("unknown value", Assert.ThrowsAny<Exception>(() => Parse($$"""default = { sync = "{{text}}" }""")).Message, StringComparison.Ordinal);

    [Fact]
    public void Limits_sequence_and_stream_are_read_and_noted()
    {
        var policy = Parse(
            """
            sequence = { tracking = false, pre-copy = false, grace = "devices-first" }
            [limits]
            downtime = "5s"
            switchover = "20ms"
            rounds = 7
            bandwidth = "100M"
            on-stall = "throttle"
            [stream]
            compress = "zstd"
            verify = true
            """);
        var request = policy.Request;
        Assert.Equal((false, false, "devices-first"), (request.Tracking, request.PreCopy, request.Grace));
        Assert.Equal((5.0, 0.02, 5.0, 7, 100UL << 20), (request.DowntimeSeconds, request.SwitchoverSeconds, request.MaxDowntimeSeconds, request.MaxRounds, request.BandwidthBytesPerSecond));
        Assert.Equal(("throttle", "zstd", true), (request.OnStall, request.Compress, request.Verify));
        Assert.Equal("p.toml:3", policy.Origins["limits.downtime"]);
        Assert.Equal("p.toml:1", policy.Origins["sequence.grace"]);
        Assert.DoesNotContain("limits.time", policy.Origins.Keys);
    }

    [Theory]
    [InlineData("[default]\nwith = [\"kvm-rng\"]", "p.toml:2: default.with: unknown value 'kvm-rng'; did you mean 'kvm-ring'?")]
    [InlineData("[default]\nwith = \"device\"", "p.toml:2: default.with: expected an array of texts in quotes")]
    [InlineData("[default]\nwith = []", "p.toml:2: default.with: expected at least one")]
    [InlineData("[default]\nwith = [\"all\", \"all\"]", "p.toml:2: default.with: names one twice")]
    [InlineData("[default]\npage-size = \"5K\"", "p.toml:2: default.page-size: expected auto, or a power of two from 4K to 1G")]
    [InlineData("[defaults]\nsync = \"never\"", "p.toml:1: defaults: unknown key; did you mean 'default'?")]
    [InlineData("[[source]]\nwith = [\"all\"]", "p.toml:1: source[0].id: missing")]
    [InlineData("[[source]]\nid = \"vcpus\"\nsync = \"never\"", "p.toml:3: source[0].sync: is for devices")]
    [InlineData("[[source]]\nid = \"a\"\n[[source]]\nid = \"a\"", "p.toml:4: source[1].id: 'a' has a table already")]
    [InlineData("[[source]]\nid = \"a\"\nquiesce = \"early\"\nwith = [\"all\"]", "p.toml:3: source[0].quiesce: a device that is stopped early needs no tracker")]
    [InlineData("[[source]]\nid = \"a\"\nwith = [\"all\"]\nfallback = \"all\"", "p.toml:4: source[0].fallback: 'all' would take over from itself")]
    [InlineData("[default]\nwith = [\"all\"]\ncombine = \"union\"", "p.toml:3: default.combine: a union of one")]
    [InlineData("[[source]]\nid = \"a\"\nwith = [\"iotable\", \"iotable-faults\"]\ncombine = \"union\"", "p.toml:3: source[0].with: a page table is watched in one way")]
    [InlineData("[sequence]\ntracking = false\n[default]\nwith = [\"all\"]", "p.toml:4: default.with: names trackers, and sequence.tracking is false")]
    [InlineData("[limits]\ndowntime = \"2s\"\nmax-downtime = \"1s\"", "p.toml:3: limits.max-downtime: less than limits.downtime")]
    [InlineData("[limits]\ndowntime = \"20ms\"\nswitchover = \"30ms\"", "p.toml:3: limits.switchover: more than limits.downtime, of which it is a part")]
    [InlineData("[limits]\nbandwidth = 0", "p.toml:2: limits.bandwidth: 0 is no rate")]
    [InlineData("[limits]\ntime = \"0s\"", "p.toml:2: limits.time: 0 s is not from 0.001")]
    [InlineData("[stream]\nchannels = 17", "p.toml:2: stream.channels: 17 is not from 1 to 16")]
    public void What_is_wrong_is_named_with_its_line(string text, string expected) =>
        Assert.Contains(expected, string.Join('\n', Assert.Throws<TomlFileException>(() => Parse(text)).Errors), StringComparison.Ordinal);

    [Fact]
    public async Task Options_win_and_show_says_who_said_what()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.FileOf("p.toml"), "[limits]\ndowntime = \"2s\"\nrounds = 5\n[[source]]\nid = \"nic0\"\npage-size = \"64K\"");
        using var output = new StringWriter();
        var code = await Cli.Commands.FerryCommand.RunAsync(
            ["policy", "show", "--policy", folder.FileOf("p.toml"), "--max-rounds", "9", "--nic-page-size", "2M", "--json"], output, TextWriter.Null, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Done, code);
        var shown = System.Text.Json.JsonSerializer.Deserialize(output.ToString(), ControlJson.Default.PolicyDocument)!;
        Assert.Contains(new("limits.downtime", "2s", "p.toml:2"), shown.Settings);
        Assert.Contains(new("limits.rounds", "9", "--max-rounds"), shown.Settings);
        Assert.Contains(new("limits.time", "10m", "default"), shown.Settings);
        Assert.Contains(new("page-size", "2M", "--nic-page-size"), shown.Sources.Single(source => source.Source == "nic0").Settings);
        Assert.Contains(new("page-size", "auto", "default"), shown.Sources.Single(source => source.Source == "vcpus").Settings);
        Assert.DoesNotContain(shown.Sources.Single(source => source.Source == "vcpus").Settings, setting => setting.Key == "quiesce");
    }

    private static Policy Parse(string text) => PolicyFileReader.Parse(Encoding.UTF8.GetBytes(text), "/etc/ferry/p.toml");
}
