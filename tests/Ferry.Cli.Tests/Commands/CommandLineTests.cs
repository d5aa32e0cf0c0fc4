using System.CommandLine;
using Ferry.Cli.Commands;
using Xunit;

namespace Ferry.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    public static TheoryData<string> Verbs => [.. FerryCommand.Create().Subcommands.Select(verb => verb.Name)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Every_verb_has_help_with_an_example(string verb)
    {
        var (code, output, error) = await RunAsync(verb, "--help");
        Assert.Equal(0, code);
        Assert.Contains($"ferry {verb} ", output, StringComparison.Ordinal);
        Assert.Contains("Example", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Every_option_is_described(string verb)
    {
        foreach (var command in AndBelow(FerryCommand.Create().Subcommands.Single(each => each.Name == verb)))
        {
            Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description) && option is not System.CommandLine.Help.HelpOption, option.Name));
        }
    }

    [Theory]
    [InlineData("", "Required command was not provided")]
    [InlineData("demp", "did you mean 'demo'?")]
    [InlineData("demo --memory", "--memory")]
    [InlineData("demo --memory 12X", "--memory: '12X' is not a whole number with an optional suffix")]
    [InlineData("demo --memory 3M", "--memory: 3M is not a multiple of 2M from 32M to 256G")]
    [InlineData("demo --fill some", "--fill: 'some' is not zero, random")]
    [InlineData("demo --fill mixed:2G", "--fill: 'mixed:2G' is not")]
    [InlineData("demo --working-set 2G", "--working-set: 2G is not a multiple of 4K")]
    [InlineData("demo --check-stride 12", "--check-stride: 12 is not a multiple of 8")]
    [InlineData("demo --nic-message 100", "--nic-message: 100 is not a multiple of 64")]
    [InlineData("demo --on-stall stp", "--on-stall: unknown value 'stp'; did you mean 'stop'?")]
    [InlineData("demo --downtime 300", "--downtime: '300' is not a number with a unit")]
    [InlineData("demo --channels 0", "--channels: '0' is not a whole number from 1 to 16")]
    [InlineData("demo --verify --no-verify", "--verify and --no-verify contradict each other")]
    [InlineData("demo --downtime 5s --max-downtime 3s", "max-downtime: 3 is not from 5 to 3600")]
    [InlineData("demo --downtime 20ms --switchover 30ms", "switchover: 0.03 s is more than the downtime, 0.02 s")]
    [InlineData("demo --bandwidth 0", "bandwidth: 0 is not from 1 to")]
    [InlineData("demo --nic-page-size 5K", "page-size: 5K is no power of two from 4K to 1G")]
    [InlineData("demo --memroy 1G", "--memroy")]
    [InlineData("migrate --to 127.0.0.1:1", "--control")]
    [InlineData("status", "--control")]
    [InlineData("conform", "conform needs either --socket PATH, --vfio DEVICE, or a device to start")]
    [InlineData("conform --socket a.sock --vfio 01:00.0", "conform needs either")]
    [InlineData("conform --vfio ../../etc", "--vfio: '../../etc' is neither a PCI address such as 0000:01:00.0 nor the UUID")]
    [InlineData("conform --socket a.sock --memory 5M", "--memory: a multiple of 2M from 4M to 1G is needed")]
    [InlineData("conform --vfio 01:00.0 --vfio-access file", "--vfio-access: unknown value")]
    [InlineData("conform --socket a.sock -- rnic {socket}", "conform needs either")]
    [InlineData("conform -- rnic --socket nic.sock", "write {socket} where it takes one")]
    [InlineData("conform --socket a.sock --only arc", "unknown check 'arc'; did you mean 'arcs'")]
    [InlineData("conform --socket a.sock --only ,", "no check is named")]
    [InlineData("conform --socket a.sock --stimulus rncc", "--stimulus: unknown value")]
    [InlineData("probe --answer-time 2", "--answer-time: '2' is not a number with a unit")]
    [InlineData("probe --sockets a.sock", "did you mean '--socket'?")]
    [InlineData("probe --socket", "--socket")]
    public async Task A_wrong_command_line_is_exit_code_2_and_says_what_is_wrong(string arguments, string expected)
    {
        var (code, output, error) = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Empty(output);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_is_not_there_is_exit_code_1()
    {
        var (code, output, error) = await RunAsync("status", "--control", "/nonexistent/m.sock");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Empty(output);
        Assert.Contains("/nonexistent/m.sock", error, StringComparison.Ordinal);
    }

    internal static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FerryCommand.RunAsync(arguments, output, error, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    private static IEnumerable<Command> AndBelow(Command command) => command.Subcommands.SelectMany(AndBelow).Prepend(command);
}
