using System.Text.Json.Serialization;

namespace Ferry.Cli.Events;

/// <summary>One line of an event log: whose it is, when it happened, and one member that says what. Described in docs/events.md.</summary>
internal sealed record EventDocument
{
    /// <summary>The version that is written, and the only one so far.</summary>
    public const int CurrentVersion = 1;

    /// <summary>One of <see cref="Side"/>.</summary>
    public const string SourceSide = "source";

    /// <summary>The other.</summary>
    public const string DestinationSide = "destination";

    /// <summary>The version of the line.</summary>
    public required int Version { get; init; }

    /// <summary>The migration's id, the same on both sides.</summary>
    public required string Migration { get; init; }

    /// <summary>The machine, as the side calls it.</summary>
    public required string Machine { get; init; }

    /// <summary>Who tells it: <c>source</c> or <c>destination</c>.</summary>
    public required string Side { get; init; }

    /// <summary>When it happened, since that side began.</summary>
    public required double Seconds { get; init; }

    /// <summary>It began.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BeginEvent? Begin { get; init; }

    /// <summary>A step of the plan ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StepEvent? Step { get; init; }

    /// <summary>A tracker was read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReadEvent? Read { get; init; }

    /// <summary>A round ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RoundEvent? Round { get; init; }

    /// <summary>A device came into a state.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DeviceEvent? Device { get; init; }

    /// <summary>Events are missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LostEvent? Lost { get; init; }

    /// <summary>It ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EndEvent? End { get; init; }

    /// <summary>How many of the members that say what happened are there; one in every valid line.</summary>
    [JsonIgnore]
    public int KindCount => new object?[] { Begin, Step, Read, Round, Device, Lost, End }.Count(each => each is not null);
}
