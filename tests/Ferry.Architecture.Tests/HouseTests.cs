using Xunit;

namespace Ferry.Architecture.Tests;

/// <summary>The rules, on the repository as it is.</summary>
public sealed class HouseTests
{
    [Fact]
    public void Project_references_point_down() =>
        AssertNone(Repository.Projects.Where(project => project.Path.StartsWith("src/", StringComparison.Ordinal)).SelectMany(Arrows.ProjectViolations));

    [Fact]
    public void What_the_compiler_really_refers_to_points_down_too() =>
        AssertNone(AssemblyFacts.House.SelectMany(assembly => Arrows.Violations(
            assembly.Name, assembly.References.Where(reference => reference.StartsWith("Ferry.", StringComparison.Ordinal)))));

    [Fact]
    public void Only_the_kernel_boundary_calls_native_code()
    {
        AssertNone(AssemblyFacts.House.Where(assembly => assembly.Name != "Ferry.Linux").SelectMany(assembly => assembly.NativeCalls.Select(call => $"{assembly.Name}: {call}")));
        Assert.NotEmpty(AssemblyFacts.House.Single(assembly => assembly.Name == "Ferry.Linux").NativeCalls);
    }

    [Fact]
    public void Only_the_kernel_boundary_and_the_bitmap_are_unsafe() => AssertNone(Repository.Projects.SelectMany(Arrows.UnsafeViolations));

    [Fact]
    public void Files_are_short() => AssertNone(Repository.TextFiles.SelectMany(SourceRules.LengthViolations));

    [Fact]
    public void Functions_are_short() => AssertNone(Repository.CSharp.SelectMany(SourceRules.FunctionViolations));

    [Fact]
    public void A_file_has_one_public_type() => AssertNone(Repository.CSharp.SelectMany(SourceRules.PublicTypeViolations));

    [Fact]
    public void No_file_names_a_path_of_one_machine() => AssertNone(Repository.TextFiles.SelectMany(SourceRules.MachinePathViolations));

    [Fact]
    public void Links_between_pages_lead_somewhere() =>
        AssertNone(Repository.TextFiles.Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal)).SelectMany(page =>
            SourceRules.LinkViolations(page, path => Path.Exists(Path.Combine(Repository.Root, path)))));

    [Fact]
    public void Every_tracker_passes_the_contract_suite()
    {
        var trackers = AssemblyFacts.House.SelectMany(assembly => assembly.Trackers).ToList();
        Assert.NotEmpty(trackers);
        AssertNone(SourceRules.TrackerViolations(trackers, Repository.CSharp.Where(IsTestOfSomethingElse)));
    }

    [Fact]
    public void Every_corpus_has_a_target_and_every_target_a_corpus() =>
        AssertNone(SourceRules.CorpusViolations(
            Directory.GetDirectories(Path.Combine(Repository.Root, "fuzz", "corpus")).Select(folder => Path.GetFileName(folder)),
            Repository.CSharp.Where(file => file.Path.StartsWith("fuzz/", StringComparison.Ordinal))));

    [Fact]
    public void Every_project_is_in_the_solution() =>
        AssertNone(SourceRules.SolutionViolations(Repository.TextFiles.Single(file => file.Path == "Ferry.slnx").Text, Repository.Projects));

    // The rules' own tests hold made-up suites.
    private static bool IsTestOfSomethingElse(SourceFile file) =>
        file.Path.StartsWith("tests/", StringComparison.Ordinal) && !file.Path.StartsWith("tests/Ferry.Architecture.Tests/", StringComparison.Ordinal);

    private static void AssertNone(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
