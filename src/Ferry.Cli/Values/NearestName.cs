namespace Ferry.Cli.Values;

/// <summary>Finds the name somebody probably meant.</summary>
internal static class NearestName
{
    private const int LongestName = 64;

    /// <summary>The candidate that differs least from <paramref name="name"/>, or null where none is close enough to be meant.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > LongestName)
        {
            return null;
        }

        var best = candidates.Select(candidate => (Name: candidate, Edits: Distance(name, candidate))).MinBy(each => each.Edits);
        return best.Name is not null && best.Edits <= Math.Max(1, Math.Min(name.Length, best.Name.Length) / 2) ? best.Name : null;
    }

    /// <summary>A sentence to append to an error: the nearest name, or all of them.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> candidates) =>
        Find(name, candidates) is { } nearest ? $"did you mean '{nearest}'?" : $"known are: {string.Join(", ", candidates)}";

    // Levenshtein's distance, ignoring case.
    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1;
                var cost = Math.Min(diagonal + change, 1 + Math.Min(row[j], row[j - 1]));
                (diagonal, row[j]) = (row[j], cost);
            }
        }

        return row[right.Length];
    }
}
