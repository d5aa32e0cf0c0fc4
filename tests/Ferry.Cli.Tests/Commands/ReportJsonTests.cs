using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Tests.Control;
using Xunit;

namespace Ferry.Cli.Tests.Commands;

public sealed class ReportJsonTests
{
    private static readonly string[] Promised =
    [
        "verified", "memoryVerified", "guestVerified", "accelerator", "memoryBytes", "rounds", "converged", "setupSeconds", "populateSeconds",
        "totalSeconds", "downtimeSeconds", "sentBytes", "sentPages", "zeroPages", "bytesPerSecond", "sourceCpuSeconds", "destinationCpuSeconds",
        "sourceExtraRssBytes", "trackers", "devices", "steps",
    ];

    [Fact]
    public void Every_promised_key_is_there_also_where_its_value_is_unknown()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(FakeTarget.Report, ControlJson.Indented.MigrationDocument));
        Assert.All(Promised, key => Assert.True(json.RootElement.TryGetProperty(key, out _), key));
        AssertKeys(json, "trackers", "name", "sources", "pageSizeBytes", "precision", "reports", "dirtyPages", "reportSeconds");
        AssertKeys(json, "devices", "id", "states", "preCopyBytes", "stopCopyBytes");
        AssertKeys(json, "steps", "name", "seconds");
    }

    private static void AssertKeys(JsonDocument json, string list, params string[] keys) =>
        Assert.All(keys, key => Assert.True(json.RootElement.GetProperty(list)[0].TryGetProperty(key, out _), $"{list}.{key}"));
}
