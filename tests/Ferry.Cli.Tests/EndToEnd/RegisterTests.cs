using Ferry.Cli.Control;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary><c>ferry tell register</c>: what is read is the device's, what is written is there, and what there is not is refused.</summary>
public sealed class RegisterTests
{
    // docs/rnic.md: what the ID register reads, and the register that enables the device.
    private const string Id = "0x43494e52";
    private const string Control = "0x10";

    [Fact]
    public async Task A_register_is_read_and_written_and_one_that_is_not_there_is_refused()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        Assert.Equal((ExitCodes.Done, Id), await TellAsync(hosts, "--region", "0", "--offset", "0"));
        Assert.Equal((ExitCodes.Done, "0x52"), await TellAsync(hosts, "--region", "0", "--offset", "0", "--bytes", "1"));
        Assert.True(await Hosts.WorksOnAsync(hosts.SourceControl, messagesToo: true));
        Assert.Equal((ExitCodes.Done, "0x1"), await TellAsync(hosts, "--region", "0", "--offset", Control));
        Assert.Equal((ExitCodes.Done, "0x0"), await TellAsync(hosts, "--region", "0", "--offset", Control, "--set", "0"));
        Assert.Equal((ExitCodes.Done, "0x0"), await TellAsync(hosts, "--region", "0", "--offset", "16"));
        var (code, error) = await TellAsync(hosts, "--region", "1", "--offset", "0");
        Assert.True(code == ExitCodes.Failed && error.Contains("has no region 1; it has 0, 2, 4", StringComparison.Ordinal), error);
        (code, error) = await TellAsync(hosts, "--region", "0", "--offset", "0x10000000");
        Assert.True(code == ExitCodes.Failed && error.Contains("are not within", StringComparison.Ordinal), error);
        (code, error) = await TellAsync(hosts, "--region", "0", "--offset", "12q");
        Assert.True(code == ExitCodes.Usage && error.Contains("'12q' is not a number", StringComparison.Ordinal), error);
    }

    [Theory]
    [InlineData("", 0UL, 4, null, "device: expected")]
    [InlineData("nic0", 0UL, 3, null, "bytes: 3; 1, 2, 4 or 8")]
    [InlineData("nic0", 2UL, 4, null, "offset: 2 is no multiple of 4")]
    [InlineData("nic0", 0UL, 2, 65536UL, "value: 65536 has more than 2 bytes")]
    public void A_request_that_makes_no_sense_is_refused(string device, ulong offset, int bytes, ulong? value, string expected)
    {
        var request = new RegisterRequest { Device = device, Offset = offset, Bytes = bytes, Value = value };
        Assert.Contains(expected, Assert.Throws<ControlException>(request.Validate).Message, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Text)> TellAsync(Hosts hosts, params string[] options)
    {
        var (code, output, error) = await BuiltCommand.RunAsync(hosts.Folder, ["tell", "register", "--control", hosts.SourceControl, "--device", "nic0", .. options]);
        return (code, (output + error).Trim());
    }
}
