using System.Text.RegularExpressions;

namespace Ferry.Architecture.Tests;

/// <summary>The rules of the house that can be read off one file.</summary>
internal static partial class SourceRules
{
    internal const int MaxFileLines = 500;
    internal const int MaxFunctionLines = 70;

    // Put together here, so that this file is not what they find.
    private static readonly string[] MachinePaths = ["/" + "work/", "/" + "root/", "/" + "home/", "ferry" + "-wt"];

    internal static IEnumerable<string> LengthViolations(SourceFile file)
    {
        var lines = file.Text.AsSpan().Count('\n');
        return lines > MaxFileLines ? [$"{file.Path}: {lines} lines, at most {MaxFileLines}"] : [];
    }

    /// <summary>Members stand at four spaces in a file with a file-scoped namespace, and so do their braces.</summary>
    internal static IEnumerable<string> FunctionViolations(SourceFile file)
    {
        var lines = file.Text.Split('\n');
        var (opened, isType) = (-1, false);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] == "    {")
            {
                (opened, isType) = (i, NestedType().IsMatch(Declaration(lines, i)));
            }
            else if (lines[i] is "    }" or "    };" && opened >= 0)
            {
                var count = i - opened - 1;
                if (!isType && count > MaxFunctionLines)
                {
                    yield return $"{file.Path}:{opened + 1}: a function of {count} lines, at most {MaxFunctionLines}";
                }

                opened = -1;
            }
        }
    }

    internal static IEnumerable<string> PublicTypeViolations(SourceFile file)
    {
        var types = PublicType().Matches(file.Text).Select(match => match.Groups[1].Value).Distinct().ToList();
        return types.Count > 1 ? [$"{file.Path}: {string.Join(", ", types)} are public, at most one a file"] : [];
    }

    internal static IEnumerable<string> MachinePathViolations(SourceFile file) =>
        MachinePaths.Where(path => file.Text.Contains(path, StringComparison.Ordinal)).Select(path => $"{file.Path} names {path}, which other machines don't have");

    /// <summary>Every relative link of a page leads to a file or a folder.</summary>
    internal static IEnumerable<string> LinkViolations(SourceFile page, Func<string, bool> exists)
    {
        foreach (var target in Link().Matches(page.Text).Select(match => match.Groups[1].Value))
        {
            if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith('#') || target.StartsWith("mailto:", StringComparison.Ordinal))
            {
                continue;
            }

            var path = Path.Combine(Path.GetDirectoryName(page.Path) ?? "", target.Split('#')[0]);
            if (!exists(path))
            {
                yield return $"{page.Path} links to {target}, which is not there";
            }
        }
    }

    /// <summary>A tracker that no contract suite runs on has no claim to keep the contract.</summary>
    internal static IEnumerable<string> TrackerViolations(IEnumerable<string> trackers, IEnumerable<SourceFile> tests)
    {
        var suites = tests.Where(test => ContractSuite().IsMatch(test.Text)).ToList();
        return trackers.Where(tracker => !suites.Exists(suite => Regex.IsMatch(suite.Text, $@"\b{tracker}\b")))
            .Select(tracker => $"{tracker}: no test class that derives from DirtyTrackerContract names it");
    }

    /// <summary>A corpus without a target is never replayed; a target without a corpus never tried.</summary>
    internal static IEnumerable<string> CorpusViolations(IEnumerable<string> corpora, IEnumerable<SourceFile> targets)
    {
        var folders = corpora.ToList();
        var names = targets.SelectMany(target => TargetName().Matches(target.Text)).Select(match => match.Groups[1].Value).ToList();
        return folders.Except(names).Select(folder => $"fuzz/corpus/{folder} has no target of that name")
            .Concat(names.Except(folders).Select(name => $"fuzz target {name} has no corpus"));
    }

    /// <summary>A project that the solution lacks is neither built nor tested.</summary>
    internal static IEnumerable<string> SolutionViolations(string solution, IEnumerable<SourceFile> projects) =>
        projects.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)).Select(project => $"{project.Path} is not in the solution");

    // Back to the line after a blank one or a brace: a declaration may take several.
    private static string Declaration(string[] lines, int brace)
    {
        var first = brace;
        while (first > 0 && lines[first - 1].Trim() is not ("" or "{" or "}"))
        {
            first--;
        }

        return string.Join('\n', lines[first..brace].Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\b(class|struct|interface|enum|record)\s+\w+")]
    private static partial Regex NestedType();

    [GeneratedRegex(@"^public (?:(?:sealed|static|abstract|readonly|partial|unsafe|ref) )*(?:class|record struct|record class|record|struct|enum|interface) (\w+)|^public delegate [^(]* (\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("public string Name => \"([^\"]+)\"")]
    private static partial Regex TargetName();

    [GeneratedRegex(@"class \w+[^{;]*:\s*DirtyTrackerContract\b")]
    private static partial Regex ContractSuite();
}
