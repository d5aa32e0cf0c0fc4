using System.Diagnostics;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>The other loops than those this processor would choose: the property tests again, in a child with vectors turned off.</summary>
public sealed class VectorWidthTests
{
    [Theory]
    [InlineData("256", "DOTNET_EnableAVX512")]
    [InlineData("0", "DOTNET_EnableHWIntrinsic")]
    public async Task Narrower_processors_give_the_same_answers(string bits, string switchedOff)
    {
        Assert.SkipUnless(VectorWidth.Bits > int.Parse(bits, System.Globalization.CultureInfo.InvariantCulture), $"This processor has no vectors of more than {bits} bits.");
        var start = new ProcessStartInfo(Environment.ProcessPath ?? "dotnet", ["--filter-class", "*PropertyTests", "--no-progress", "--no-ansi"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [switchedOff] = "0", [VectorWidth.Variable] = bits },
        };
        using var child = Process.Start(start) ?? throw new InvalidOperationException("The tests could not be started.");
        try
        {
            var errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(child.ExitCode == 0, output + await errors);
        }
        finally
        {
            child.Kill(entireProcessTree: true);
        }
    }
}
