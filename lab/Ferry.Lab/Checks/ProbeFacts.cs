using System.Text.Json;

namespace Ferry.Lab.Checks;

/// <summary>What a document must say: each fact by its place in it, <c>devices[name=edu]/group</c>, and its value as JSON.</summary>
internal static class ProbeFacts
{
    /// <summary>The first fact that the document does not bear out, in words; null where there is none.</summary>
    public static string? FindWrong(JsonElement document, IEnumerable<(string Place, string Expected)> facts)
    {
        foreach (var (place, expected) in facts)
        {
            if (!TryFind(document, place, out var found))
            {
                return $"{place} is not there";
            }

            using var wanted = JsonDocument.Parse(expected);
            if (!JsonElement.DeepEquals(found, wanted.RootElement))
            {
                return $"{place} is {found.GetRawText()} and not {expected}";
            }
        }

        return null;
    }

    private static bool TryFind(JsonElement element, string place, out JsonElement found)
    {
        found = element;
        foreach (var part in place.Split('/'))
        {
            var bracket = part.IndexOf('[', StringComparison.Ordinal);
            var member = bracket < 0 ? part : part[..bracket];
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(member, out found))
            {
                return false;
            }

            if (bracket < 0)
            {
                continue;
            }

            // The only one of the list that has this value.
            var wanted = part[(bracket + 1)..^1].Split('=', 2);
            var those = found.EnumerateArray().Where(each => each.TryGetProperty(wanted[0], out var value) && value.ToString() == wanted[1]).ToList();
            if (those.Count != 1)
            {
                return false;
            }

            found = those[0];
        }

        return true;
    }
}
