using System.Text.Json.Serialization;

namespace Ferry.Lab.Results;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckOutcome>))]
internal enum CheckOutcome
{
    /// <summary>What it looks at is as it must be.</summary>
    [JsonStringEnumMemberName("passed")]
    Passed,

    /// <summary>It is not.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>What it needs is not there.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,
}
