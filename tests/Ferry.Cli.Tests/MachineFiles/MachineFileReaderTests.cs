using System.Text;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Toml;
using Xunit;

namespace Ferry.Cli.Tests.MachineFiles;

public sealed class MachineFileReaderTests
{
    private const string Whole =
        """
        name = "m1"
        memory = "512M"
        vcpus = 2
        huge-pages = true
        accelerator = "thread"
        fill = "mixed:128M"

        [ledger]
        working-set = "32M"
        dirty-rate = "16M"
        check-stride = 64
        seed = 7

        [[device]]
        id = "nic0"
        kind = "rnic"
        socket = "nic0.sock"

        [[device]]
        id = "nic1"
        kind = "rnic"
        socket = "/run/nic1.sock"
        dma = "mediated"

        [control]
        socket = "m1.sock"
        """;

    [Fact]
    public void Every_key_is_read()
    {
        var machine = Parse(Whole);
        Assert.Equal("m1", machine.Name);
        Assert.Equal(512UL << 20, machine.MemoryBytes);
        Assert.Equal(2, machine.VcpuCount);
        Assert.True(machine.HugePages);
        Assert.Equal(AcceleratorChoice.Thread, machine.Accelerator);
        Assert.Equal(128UL << 20, machine.Fill.RandomBytes);
        Assert.Equal(new LedgerSettings { WorkingSetBytes = 32 << 20, DirtyRateBytesPerSecond = 16 << 20, CheckStrideBytes = 64, Seed = 7 }, machine.Ledger);
        Assert.Equal([new DeviceSettings("nic0", "rnic", "/etc/ferry/nic0.sock"), new DeviceSettings("nic1", "rnic", "/run/nic1.sock") { Dma = "mediated" }], machine.Devices);
        Assert.Equal("/etc/ferry/m1.sock", machine.ControlSocket);
    }

    [Fact]
    public void Name_and_memory_are_enough()
    {
        var machine = Parse("name = \"m1\"\nmemory = 67108864");
        Assert.Equal(64UL << 20, machine.MemoryBytes);
        Assert.Equal(AcceleratorChoice.Auto, machine.Accelerator);
        Assert.Equal(1, machine.VcpuCount);
        Assert.Empty(machine.Devices);
        Assert.EndsWith("/m1.sock", machine.ControlSocket, StringComparison.Ordinal);
    }

    [Fact]
    public void Dotted_keys_and_inline_tables_are_the_same_as_tables()
    {
        var machine = Parse("name = \"m1\"\nmemory = \"64M\"\nledger.seed = 9\ncontrol = { socket = \"x.sock\" }");
        Assert.Equal(9UL, machine.Ledger.Seed);
        Assert.Equal("/etc/ferry/x.sock", machine.ControlSocket);
    }

    [Theory]
    [InlineData("memory = \"512M\"", "memory = \"512Q\"", "machine.toml:2: memory: '512Q' is not a whole number")]
    [InlineData("memory = \"512M\"", "memory = \"3M\"", "machine.toml:2: memory: 3M is not a multiple of 2M from 32M to 256G")]
    [InlineData("memory = \"512M\"", "memory = true", "machine.toml:2: memory: expected a whole number")]
    [InlineData("memory = \"512M\"", "memory = \"512M/s\"", "machine.toml:2: memory: '512M/s' is not")]
    [InlineData("vcpus = 2", "vcpus = 0", "machine.toml:3: vcpus: 0 is not from 1 to 16")]
    [InlineData("vcpus = 2", "vcpus = \"2\"", "machine.toml:3: vcpus: expected a whole number from 1 to 16, without quotes")]
    [InlineData("vcpus = 2", "vcpu = 2", "machine.toml:3: vcpu: unknown key; did you mean 'vcpus'?")]
    [InlineData("huge-pages = true", "huge-pages = 1", "machine.toml:4: huge-pages: expected true or false")]
    [InlineData("\"thread\"", "\"kvn\"", "machine.toml:5: accelerator: unknown value 'kvn'; did you mean 'kvm'?")]
    [InlineData("mixed:128M", "mixed:1G", "machine.toml:6: fill: expected zero, random, mixed")]
    [InlineData("[ledger]", "[legder]", "machine.toml:8: legder: unknown key; did you mean 'ledger'?")]
    [InlineData("dirty-rate", "dirtyrate", "machine.toml:10: ledger.dirtyrate: unknown key; did you mean 'dirty-rate'?")]
    [InlineData("check-stride = 64", "check-stride = 12", "machine.toml:11: ledger.check-stride: 12 is not a multiple of 8")]
    [InlineData("working-set = \"32M\"", "working-set = \"513M\"", "machine.toml:9: ledger.working-set: 513M is not a multiple of 4K from 4K to the memory's 512M")]
    [InlineData("id = \"nic1\"", "id = \"nic0\"", "machine.toml:20: device[1].id: 'nic0' is taken")]
    [InlineData("id = \"nic1\"", "id = \"vcpus\"", "machine.toml:20: device[1].id: 'vcpus' is taken")]
    [InlineData("kind = \"rnic\"\nsocket = \"nic0.sock\"", "kind = \"rnic\"", "machine.toml:14: device[0].socket: missing")]
    [InlineData("kind = \"rnic\"\nsocket = \"nic0.sock\"", "kind = \"e1000\"\nsocket = \"a\"", "machine.toml:16: device[0].kind: unknown value 'e1000'")]
    [InlineData("[[device]]\nid = \"nic0\"", "[[devise]]\nid = \"nic0\"", "machine.toml:14: devise")]
    [InlineData("\"mediated\"", "\"mediate\"", "machine.toml:23: device[1].dma: unknown value 'mediate'; did you mean 'mediated'?")]
    [InlineData("[control]", "[control", "machine.toml:25: ")]
    [InlineData("seed = 7", "seed = 7\nseed = 8", "machine.toml:13: ")]
    [InlineData("name = \"m1\"", "name = \"../m1\"", "machine.toml:1: name: expected a name")]
    public void What_is_wrong_is_named_with_line_and_field(string part, string replacement, string expected)
    {
        var e = Assert.Throws<TomlFileException>(() => Parse(Whole.Replace(part, replacement, StringComparison.Ordinal)));
        Assert.Contains(e.Errors, error => error.StartsWith("/etc/ferry/" + expected, StringComparison.Ordinal));
    }

    [Fact]
    public void All_errors_come_in_one_run()
    {
        var e = Assert.Throws<TomlFileException>(() => Parse("nam = \"m1\"\nmemory = 1\nvcpus = 99"));
        Assert.Equal(4, e.Errors.Count);
        Assert.Contains(e.Errors, error => error.Contains("name: missing", StringComparison.Ordinal));
        Assert.Contains(e.Errors, error => error.Contains("nam: unknown key; did you mean 'name'?", StringComparison.Ordinal));
    }

    [Fact]
    public void A_socket_path_that_the_kernel_would_cut_is_refused()
    {
        var e = Assert.Throws<TomlFileException>(() => Parse($"name = \"m1\"\nmemory = \"64M\"\ncontrol.socket = \"{new string('x', 120)}\""));
        Assert.Contains("at most 107", Assert.Single(e.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_beyond_reason_is_an_error_and_no_overflow()
    {
        var deep = "name = " + new string('[', 60_000);
        Assert.Throws<TomlFileException>(() => Parse(deep));
    }

    [Fact]
    public void A_missing_file_and_a_large_one_are_errors()
    {
        Assert.Contains("machine.toml", Assert.Throws<TomlFileException>(() => MachineFileReader.Read("/nonexistent/machine.toml")).Message, StringComparison.Ordinal);
        Assert.Contains("larger than", Assert.Throws<TomlFileException>(() => MachineFileReader.Read("/dev/zero")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("machine.toml", "ledger", 1)]
    [InlineData("kernel-devices.toml", "passthrough", 3)]
    public void The_examples_in_the_repository_are_machine_files(string file, string name, int devices)
    {
        var machine = MachineFileReader.Read(Path.Combine(AppContext.BaseDirectory, "examples", file));
        Assert.Equal((name, devices), (machine.Name, machine.Devices.Count));
    }

    private static MachineFile Parse(string text) => MachineFileReader.Parse(Encoding.UTF8.GetBytes(text), "/etc/ferry/machine.toml");
}
