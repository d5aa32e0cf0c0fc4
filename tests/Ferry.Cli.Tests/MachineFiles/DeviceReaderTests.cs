using System.Text;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Toml;
using Ferry.Machine;
using Xunit;

namespace Ferry.Cli.Tests.MachineFiles;

/// <summary>Devices of the kernel's in a machine file: what each table comes to, and what is said of what can't be.</summary>
public sealed class DeviceReaderTests
{
    private const string Uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    [Theory]
    [InlineData("", VfioOpening.Group, VfioSpace.Container, "default")]
    [InlineData("open = \"group\"", VfioOpening.Group, VfioSpace.Container, "default")]
    [InlineData("open = \"cdev\"", VfioOpening.Cdev, VfioSpace.Ioas, "default")]
    [InlineData("container = \"nics\"", VfioOpening.Group, VfioSpace.Container, "nics")]
    [InlineData("ioas = \"nics\"", VfioOpening.Cdev, VfioSpace.Ioas, "nics")]
    [InlineData("open = \"group\"\nioas = \"nics\"", VfioOpening.Group, VfioSpace.Ioas, "nics")]
    public void What_the_table_leaves_open_follows_from_what_it_says(string keys, VfioOpening opening, VfioSpace space, string name)
    {
        var device = Assert.Single(Parse(Table("serial0", "mtty", Uuid, keys)).Devices);
        Assert.Equal(new DeviceSettings("serial0", "mtty", null) { Vfio = new(Uuid, opening, space, name) }, device);
    }

    [Fact]
    public void Kernel_devices_and_processes_stand_side_by_side()
    {
        var machine = Parse($"[[device]]\nid = \"nic0\"\nkind = \"rnic\"\nsocket = \"/run/nic0.sock\"\n{Table("nic1", "rnic", "0000:01:00.0", "")}");
        Assert.Equal(["/run/nic0.sock", null], machine.Devices.Select(device => device.Socket));
        Assert.Equal([null, "0000:01:00.0"], machine.Devices.Select(device => device.Vfio?.Address));
    }

    [Theory]
    [InlineData("vfio = \"01:00.0\"", 6, "vfio: '01:00.0' is neither a PCI address as 0000:01:00.0 nor the UUID of a mediated device in lower case; did you mean '0000:01:00.0'?")]
    [InlineData("vfio = \"0000:0A:00.0\"", 6, "vfio: '0000:0A:00.0' is neither a PCI address as 0000:01:00.0 nor the UUID of a mediated device in lower case; did you mean '0000:0a:00.0'?")]
    [InlineData("vfio = \"eth0\"", 6, "vfio: 'eth0' is neither")]
    [InlineData("vfio = 7", 6, "vfio: expected text in quotes")]
    [InlineData("vfio = \"0000:01:00.0\"\nopen = \"cdef\"", 7, "open: unknown value 'cdef'; did you mean 'cdev'?")]
    [InlineData("vfio = \"0000:01:00.0\"\nopen = \"cdev\"\ncontainer = \"a\"", 7, "open: a container takes groups, not devices by their own files; leave open out, or name an ioas")]
    [InlineData("vfio = \"0000:01:00.0\"\nioas = \"a\"\ncontainer = \"a\"", 7, "ioas: a device is in a container or in an IOAS; leave one of them out")]
    [InlineData("vfio = \"0000:01:00.0\"\ncontainer = \"a b\"", 7, "container: expected a name")]
    [InlineData("vfio = \"0000:01:00.0\"\nsocket = \"a\"", 7, "socket: a device has either socket or vfio")]
    [InlineData("vfio = \"0000:01:00.0\"\niommu = true", 7, "iommu: is for a vfio-user device, which has socket in place of vfio")]
    [InlineData("vfio = \"0000:01:00.0\"\npeer = \"x\"", 7, "peer: is for a vfio-user device")]
    [InlineData("socket = \"a\"\nioas = \"a\"", 7, "ioas: is for a device of the kernel's, which has vfio in place of socket")]
    [InlineData("vfioo = \"0000:01:00.0\"", 6, "vfioo: unknown key; did you mean 'vfio'?")]
    [InlineData("", 3, "socket: missing; the path on which the device process listens; for a device of the kernel's, vfio with its address")]
    public void What_is_wrong_is_named_with_line_and_field_and_what_would_do(string keys, int line, string expected)
    {
        var e = Assert.Throws<TomlFileException>(() => Parse($"[[device]]\nid = \"nic0\"\nkind = \"rnic\"\n{keys}"));
        Assert.Contains(e.Errors, error => error.StartsWith($"/etc/ferry/machine.toml:{line}: device[0].{expected}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_device_is_in_a_machine_once_and_is_no_peer_of_a_process()
    {
        var e = Assert.Throws<TomlFileException>(() => Parse(
            $"{Table("a", "mtty", Uuid, "")}{Table("b", "mtty", Uuid, "")}[[device]]\nid = \"nic0\"\nkind = \"rnic\"\nsocket = \"/run/nic0.sock\"\npeer = \"a\""));
        Assert.Contains(e.Errors, error => error.Contains($"device[1].vfio: '{Uuid}' is a already", StringComparison.Ordinal));
        Assert.Contains(e.Errors, error => error.Contains("device[2].peer: 'a' is a device of the kernel's; peers are vfio-user devices", StringComparison.Ordinal));
    }

    private static string Table(string id, string kind, string vfio, string keys) => $"[[device]]\nid = \"{id}\"\nkind = \"{kind}\"\nvfio = \"{vfio}\"\n{keys}\n";

    private static MachineFile Parse(string devices) => MachineFileReader.Parse(Encoding.UTF8.GetBytes($"name = \"m1\"\nmemory = \"64M\"\n{devices}"), "/etc/ferry/machine.toml");
}
