using System.Text.Json.Serialization;
using Ferry.Migration.Planning;

namespace Ferry.Migration.Tests.Planning;

[JsonSerializable(typeof(PlanDocument))]
internal sealed partial class PlanJson : JsonSerializerContext;
