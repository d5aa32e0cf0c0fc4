using System.Text.Json;
using System.Text.Json.Serialization;
using Ferry.Bench.Validation;

namespace Ferry.Benchmarks.Validation;

/// <summary>A file of samples, one JSON document a line.</summary>
internal static class SampleFile
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Adds a sample.</summary>
    internal static void Append(string file, MigrationSample sample) => File.AppendAllText(file, JsonSerializer.Serialize(sample, Json) + "\n");

    /// <summary>All samples; none where there is no file.</summary>
    internal static List<MigrationSample> Read(string file) =>
        File.Exists(file) ? [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<MigrationSample>(line, Json)!)] : [];
}
