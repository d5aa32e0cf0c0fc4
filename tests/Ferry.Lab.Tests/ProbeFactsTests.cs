using System.Text.Json;
using Ferry.Lab.Checks;
using Xunit;

namespace Ferry.Lab.Tests;

/// <summary>A fact that is wrong, missing or told twice is found.</summary>
public sealed class ProbeFactsTests
{
    private const string Document = """
        {"kvm":{"problem":null},"devices":[{"name":"0000:01:00.0","sizes":[4096,65536]},{"name":"b","sizes":[]}],"groups":[{"number":7,"x":1},{"number":7,"x":1}]}
        """;

    [Theory]
    [InlineData("kvm/problem", "null", null)]
    [InlineData("devices[name=0000:01:00.0]/sizes", "[4096, 65536]", null)]
    [InlineData("devices[name=0000:01:00.0]/sizes", "[4096]", "devices[name=0000:01:00.0]/sizes is [4096,65536] and not [4096]")]
    [InlineData("devices[name=b]/sizes", "null", "devices[name=b]/sizes is [] and not null")]
    [InlineData("kvm/problem", "\"\"", "kvm/problem is null and not \"\"")]
    [InlineData("devices[name=c]/sizes", "[]", "devices[name=c]/sizes is not there")]
    [InlineData("groups[number=7]/x", "1", "groups[number=7]/x is not there")]
    [InlineData("kvm/problem/kind", "null", "kvm/problem/kind is not there")]
    [InlineData("kvmm", "null", "kvmm is not there")]
    public void A_fact_holds_only_where_the_document_says_it(string place, string expected, string? wrong)
    {
        using var document = JsonDocument.Parse(Document);
        Assert.Equal(wrong, ProbeFacts.FindWrong(document.RootElement, [("kvm/problem", "null"), (place, expected)]));
    }
}
