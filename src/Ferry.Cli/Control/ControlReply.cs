using System.Text.Json.Serialization;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Control;

/// <summary>One line to a client of the control socket. A request gets any number of <c>progress</c> and <c>events</c> replies and then one other.</summary>
internal sealed record ControlReply
{
    public const string KindProgress = "progress";
    public const string KindEvents = "events";
    public const string KindResult = "result";
    public const string KindError = "error";

    /// <summary>The version of the protocol.</summary>
    public int Version { get; init; } = ControlRequest.CurrentVersion;

    /// <summary>The request's number; 0 where the request could not be read.</summary>
    public long Id { get; init; }

    /// <summary><c>progress</c>, <c>events</c>, <c>result</c> or <c>error</c>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>For an error: one of <see cref="ControlErrors"/>.</summary>
    public string? Code { get; init; }

    /// <summary>For an error: what is wrong, and what to do.</summary>
    public string? Error { get; init; }

    /// <summary>Progress of a migration.</summary>
    public ProgressDocument? Progress { get; init; }

    /// <summary>What happened in a migration since the last reply of this kind.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<EventDocument>? Events { get; init; }

    /// <summary>The result of <c>migrate</c>.</summary>
    public MigrationDocument? Report { get; init; }

    /// <summary>The result of <c>status</c>, <c>pause</c>, <c>resume</c>, <c>cancel</c>, <c>settle</c> and <c>quit</c>.</summary>
    public MachineStatus? Status { get; init; }

    /// <summary>The result of <c>plan</c>.</summary>
    public PlanningDocument? Plan { get; init; }

    /// <summary>The result of <c>self-check</c>.</summary>
    public SelfCheckDocument? SelfCheck { get; init; }

    /// <summary>The result of <c>attach</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AttachDocument? Attached { get; init; }

    /// <summary>The result of <c>register</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RegisterDocument? Register { get; init; }
}
