using System.Text.Json.Serialization;

namespace Ferry.Migration.Wire;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    MaxDepth = 8,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MachineDescription))]
internal sealed partial class DescriptionJson : JsonSerializerContext;
