using Xunit;

namespace Ferry.Architecture.Tests;

/// <summary>Each rule fails on something that breaks it, so that its silence means something.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("Ferry.Memory", "Ferry.Linux")]
    [InlineData("Ferry.Migration", "Ferry.Machine")]
    [InlineData("Ferry.Machine", "Ferry.Migration")]
    [InlineData("Ferry.Tracking", "Ferry.VfioUser")]
    public void An_arrow_that_points_up_or_aside_is_found(string from, string to)
    {
        var project = File($"src/{from}/{from}.csproj", $"<ProjectReference Include=\"../{to}/{to}.csproj\" />");
        Assert.Equal([$"{from} -> {to}"], Arrows.ProjectViolations(project));
        Assert.Equal([$"{from} -> {to}"], Arrows.Violations(from, [from, to]));
    }

    [Fact]
    public void A_project_without_a_place_is_found() => Assert.Single(Arrows.Violations("Ferry.Misc", []));

    [Fact]
    public void A_package_below_the_line_is_found() =>
        Assert.Equal(["Ferry.Memory -> package Iced"], Arrows.ProjectViolations(File("src/Ferry.Memory/Ferry.Memory.csproj", "<PackageReference Include=\"Iced\" />")));

    [Fact]
    public void Unsafe_code_elsewhere_is_found()
    {
        const string Text = "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>";
        Assert.Single(Arrows.UnsafeViolations(File("src/Ferry.Machine/Ferry.Machine.csproj", Text)));
        Assert.Empty(Arrows.UnsafeViolations(File("src/Ferry.Memory/Ferry.Memory.csproj", Text)));
    }

    [Fact]
    public void The_references_and_native_calls_of_an_assembly_are_seen()
    {
        var linux = AssemblyFacts.House.Single(assembly => assembly.Name == "Ferry.Linux");
        Assert.Contains("Ferry.Memory", linux.References);
        Assert.Contains(AssemblyFacts.House.SelectMany(assembly => assembly.Trackers), tracker => tracker == "AllTracker");
    }

    [Fact]
    public void A_long_file_is_found()
    {
        Assert.Empty(SourceRules.LengthViolations(File("a.cs", new string('\n', SourceRules.MaxFileLines))));
        Assert.Single(SourceRules.LengthViolations(File("a.cs", new string('\n', SourceRules.MaxFileLines + 1))));
    }

    [Fact]
    public void A_long_function_is_found_and_a_long_nested_type_is_not()
    {
        Assert.Empty(SourceRules.FunctionViolations(Body("    void F()", SourceRules.MaxFunctionLines)));
        Assert.Single(SourceRules.FunctionViolations(Body("    void F()", SourceRules.MaxFunctionLines + 1)));
        Assert.Single(SourceRules.FunctionViolations(Body("    void F(\n        int a)", SourceRules.MaxFunctionLines + 1)));
        Assert.Empty(SourceRules.FunctionViolations(Body("    private struct S", SourceRules.MaxFunctionLines + 1)));
    }

    [Fact]
    public void A_second_public_type_is_found()
    {
        Assert.Single(SourceRules.PublicTypeViolations(File("a.cs", "public sealed class A;\npublic readonly record struct B;\n")));
        Assert.Empty(SourceRules.PublicTypeViolations(File("a.cs", "public sealed class A;\ninternal enum B { }\n    public struct C { }\n")));
    }

    [Fact]
    public void A_path_of_one_machine_is_found() =>
        Assert.Single(SourceRules.MachinePathViolations(File("a.md", "see /" + "work/notes")));

    [Fact]
    public void A_link_that_leads_nowhere_is_found()
    {
        var page = File("docs/a.md", "[b](b.md#part) [c](../c.md) [d](https://example.org/d.md) [e](#e)");
        Assert.Equal(["docs/a.md links to ../c.md, which is not there"], SourceRules.LinkViolations(page, path => path == "docs/b.md"));
    }

    [Fact]
    public void A_tracker_without_the_contract_suite_is_found()
    {
        SourceFile[] tests = [File("tests/T.cs", "public sealed class KvmLogTests : DirtyTrackerContract { new KvmLog() }"), File("tests/U.cs", "new Other();")];
        Assert.Empty(SourceRules.TrackerViolations(["KvmLog"], tests));
        Assert.Single(SourceRules.TrackerViolations(["Kvm", "KvmLog"], tests));
        Assert.Single(SourceRules.TrackerViolations(["Other"], tests));
    }

    [Fact]
    public void A_corpus_without_a_target_and_a_target_without_a_corpus_are_found()
    {
        var target = File("fuzz/T.cs", "public string Name => \"stream\";");
        Assert.Empty(SourceRules.CorpusViolations(["stream"], [target]));
        Assert.Equal(2, SourceRules.CorpusViolations(["plan"], [target]).Count());
    }

    [Fact]
    public void A_project_that_the_solution_lacks_is_found() =>
        Assert.Single(SourceRules.SolutionViolations("<Project Path=\"src/A/A.csproj\" />", [File("src/A/A.csproj", ""), File("src/B/B.csproj", "")]));

    private static SourceFile File(string path, string text) => new(path, text);

    private static SourceFile Body(string declaration, int lines) =>
        File("a.cs", $"class C\n{{\n{declaration}\n    {{\n{string.Concat(Enumerable.Repeat("        G();\n", lines))}    }}\n}}\n");
}
