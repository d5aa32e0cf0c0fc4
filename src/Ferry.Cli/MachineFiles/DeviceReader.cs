using Ferry.Cli.Toml;
using Ferry.Linux.Vfio;
using Ferry.Machine;

namespace Ferry.Cli.MachineFiles;

/// <summary>Reads the <c>[[device]]</c> tables of a machine file: each is a process that serves vfio-user, or a device of the kernel's.</summary>
internal static class DeviceReader
{
    /// <summary>The address space of kernel devices whose table names none.</summary>
    public const string DefaultSpace = "default";

    private const string Group = "group", Cdev = "cdev";
    private static readonly string[] Openings = [Group, Cdev];

    /// <summary>Reads them, in order; what is wrong is added to the fields' errors.</summary>
    public static List<DeviceSettings> Read(TomlFields fields, string folder)
    {
        var devices = new List<DeviceSettings>();
        var count = fields.CountOf("device");
        for (var i = 0; i < count; i++)
        {
            var table = $"device[{i}]";
            var device = Read(fields, table, folder);
            if (device.Id == "vcpus" || (device.Id.Length > 0 && devices.Exists(other => other.Id == device.Id)))
            {
                fields.AddError(table + ".id", $"'{device.Id}' is taken; ids name the sources of writes, and 'vcpus' is one of them");
            }

            if (device.Vfio is { } vfio && devices.Find(other => other.Vfio?.Address == vfio.Address) is { } same)
            {
                fields.AddError(table + ".vfio", $"'{vfio.Address}' is {same.Id} already, and a device is in a machine once");
            }

            devices.Add(device);
        }

        CheckPeers(fields, devices);
        if (count > MachineFileReader.MostDevices)
        {
            fields.AddError($"device[{MachineFileReader.MostDevices}]", $"{count} devices are more than {MachineFileReader.MostDevices}");
        }

        return devices;
    }

    private static DeviceSettings Read(TomlFields fields, string table, string folder)
    {
        var id = MachineFileReader.ReadName(fields, table + ".id");
        var isKernel = fields.LineOf(table + ".vfio") is not null;
        var kind = isKernel ? MachineFileReader.ReadName(fields, table + ".kind") : ReadKind(fields, table + ".kind");
        var socket = MachineFileReader.ReadSocket(fields, table + ".socket", folder);
        var dma = fields.GetChoice(table + ".dma", DeviceSettings.SharedDma, DeviceSettings.DmaChoices);
        var (iommu, peer) = (fields.GetBoolean(table + ".iommu"), fields.GetString(table + ".peer"));
        var vfio = ReadVfio(fields, table);
        if (!isKernel)
        {
            fields.AddMissing(table + ".socket", "the path on which the device process listens; for a device of the kernel's, vfio with its address");
            Refuse(fields, table, ["open", "container", "ioas"], "is for a device of the kernel's, which has vfio in place of socket");
        }
        else
        {
            Refuse(fields, table, ["socket"], "a device has either socket or vfio");
            Refuse(fields, table, ["dma", "iommu", "peer"], "is for a vfio-user device, which has socket in place of vfio");
        }

        return new DeviceSettings(id, kind, isKernel ? null : socket ?? "") { Vfio = vfio, Dma = dma, Iommu = iommu, Peer = peer };
    }

    private static string ReadKind(TomlFields fields, string field)
    {
        var kind = fields.GetChoice(field, DeviceSettings.Kinds[0], DeviceSettings.Kinds);
        fields.AddMissing(field, $"one of: {string.Join(", ", DeviceSettings.Kinds)}");
        return kind;
    }

    // Null where there is no such device in the table, or its address is wrong.
    private static VfioAttachment? ReadVfio(TomlFields fields, string table)
    {
        var address = fields.GetString(table + ".vfio");
        var opening = fields.GetString(table + ".open") is null ? null : fields.GetChoice(table + ".open", Group, Openings);
        var container = ReadSpace(fields, table + ".container");
        var ioas = ReadSpace(fields, table + ".ioas");
        if (address is null)
        {
            return null;
        }

        if (!VfioPlace.IsAddress(address))
        {
            fields.AddError(table + ".vfio", $"'{address}' is neither a PCI address as 0000:01:00.0 nor the UUID of a mediated device in lower case{Suggest(address)}");
            return null;
        }

        if (container is not null && ioas is not null)
        {
            fields.AddError(table + ".ioas", "a device is in a container or in an IOAS; leave one of them out");
        }
        else if (container is not null && opening == Cdev)
        {
            fields.AddError(table + ".open", "a container takes groups, not devices by their own files; leave open out, or name an ioas in place of the container");
        }

        // Where the file leaves it open, what every kernel with VFIO has.
        var isIoas = ioas is not null || (container is null && opening == Cdev);
        return new VfioAttachment(
            address,
            opening == Cdev || (opening is null && isIoas) ? VfioOpening.Cdev : VfioOpening.Group,
            isIoas ? VfioSpace.Ioas : VfioSpace.Container,
            container ?? ioas ?? DefaultSpace);
    }

    private static string? ReadSpace(TomlFields fields, string field)
    {
        var name = fields.GetString(field);
        if (name is not null && !MachineFileReader.IsName(name))
        {
            fields.AddError(field, "expected " + MachineFileReader.NameForm);
        }

        return name;
    }

    private static string Suggest(string address)
    {
        var lower = address.ToLowerInvariant();
        return VfioPlace.IsAddress(lower) ? $"; did you mean '{lower}'?"
            : VfioPlace.IsAddress("0000:" + lower) ? $"; did you mean '0000:{lower}'?"
            : "";
    }

    private static void Refuse(TomlFields fields, string table, IEnumerable<string> keys, string why)
    {
        foreach (var field in keys.Select(key => $"{table}.{key}").Where(field => fields.LineOf(field) is not null))
        {
            fields.AddError(field, why);
        }
    }

    private static void CheckPeers(TomlFields fields, List<DeviceSettings> devices)
    {
        for (var i = 0; i < devices.Count; i++)
        {
            if (devices[i].Peer is not { } peer)
            {
                continue;
            }

            if (devices.Find(other => other.Id == peer && other != devices[i]) is not { } other)
            {
                fields.AddError($"device[{i}].peer", $"'{peer}' is no other device of this machine");
            }
            else if (other.Vfio is not null)
            {
                fields.AddError($"device[{i}].peer", $"'{peer}' is a device of the kernel's; peers are vfio-user devices");
            }
        }
    }
}
