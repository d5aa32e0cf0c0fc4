using System.Diagnostics;
using Ferry.Cli.Benching;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class ShapedLinkTests
{
    [Fact]
    public void A_link_has_two_ends_that_nobody_else_sees_and_ends_with_its_object()
    {
        ShapedLink link;
        try
        {
            link = ShapedLink.Create(1e9 / 8);
        }
        catch (IOException e)
        {
            Assert.Skip(e.Message);
            return;
        }

        string[] source = [.. link.At(isDestination: false)], destination = [.. link.At(isDestination: true)];
        using (link)
        {
            Assert.Contains("10.77.77.1/30", Run([.. source, "ip", "-o", "address"]), StringComparison.Ordinal);
            Assert.Contains($"{ShapedLink.DestinationAddress}/30", Run([.. destination, "ip", "-o", "address"]), StringComparison.Ordinal);
            Assert.Contains("tbf", Run([.. source, "tc", "qdisc", "show"]), StringComparison.Ordinal);
            Assert.Contains("rate 1Gbit", Run([.. destination, "tc", "qdisc", "show"]), StringComparison.Ordinal);
            Assert.DoesNotContain("ferry0", Run(["ip", "-o", "link"]), StringComparison.Ordinal);
        }

        // What held them has ended, so that there is nothing to enter.
        Assert.Equal("", Run([.. source, "ip", "-o", "address"]));
        Assert.Equal("", Run([.. destination, "ip", "-o", "address"]));
    }

    [Fact]
    public void A_link_without_a_limit_is_not_shaped()
    {
        try
        {
            using var link = ShapedLink.Create(double.PositiveInfinity);
            Assert.DoesNotContain("tbf", Run([.. link.At(isDestination: false), "tc", "qdisc", "show"]), StringComparison.Ordinal);
        }
        catch (IOException e)
        {
            Assert.Skip(e.Message);
        }
    }

    private static string Run(string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
