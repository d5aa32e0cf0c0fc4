using System.Text.Json;
using System.Text.Json.Serialization;
using Ferry.Cli.Documents;

namespace Ferry.Cli.Control;

/// <summary>The JSON of the control protocol and of <c>--json</c>: camel case, one line in the protocol, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
[JsonSerializable(typeof(MigrationDocument))]
[JsonSerializable(typeof(MachineStatus))]
[JsonSerializable(typeof(PlanningDocument))]
[JsonSerializable(typeof(PolicyDocument))]
[JsonSerializable(typeof(AdviceDocument))]
[JsonSerializable(typeof(SelfCheckDocument))]
[JsonSerializable(typeof(AttachDocument))]
[JsonSerializable(typeof(RegisterDocument))]
[JsonSerializable(typeof(DeviceProcessDocument))]
[JsonSerializable(typeof(ConformDocument))]
[JsonSerializable(typeof(ConformListDocument))]
[JsonSerializable(typeof(ProbeDocument))]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(BenchDiffDocument))]
internal sealed partial class ControlJson : JsonSerializerContext
{
    /// <summary>The same, indented for people and files.</summary>
    public static ControlJson Indented => field ??= new ControlJson(new JsonSerializerOptions(Default.Options) { WriteIndented = true });

    /// <summary>Parses one line from a client.</summary>
    /// <exception cref="ControlException">It is no request of this version.</exception>
    public static ControlRequest ParseRequest(ReadOnlySpan<byte> line)
    {
        ControlRequest? request;
        try
        {
            request = JsonSerializer.Deserialize(line, Default.ControlRequest);
        }
        catch (JsonException e)
        {
            throw new ControlException(ControlErrors.BadRequest, $"not a request: {e.Message}");
        }

        if (request is null || request.Version != Control.ControlRequest.CurrentVersion)
        {
            throw new ControlException(
                ControlErrors.BadRequest, $"version {request?.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"} is not spoken here, only {Control.ControlRequest.CurrentVersion}");
        }

        return ControlVerbs.All.Contains(request.Verb)
            ? request
            : throw new ControlException(ControlErrors.BadRequest, $"unknown verb; {Values.NearestName.Suggest(request.Verb, [.. ControlVerbs.All])}");
    }
}
