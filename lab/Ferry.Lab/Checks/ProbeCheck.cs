using System.Text.Json;
using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary><c>ferry probe</c> tells of the lab what is known of it: as root, which opens what nobody uses, and as a user who may open nothing.</summary>
internal sealed class ProbeCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "probe";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var edu = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        using var mtty = MediatedDevice.Create("mtty", "mtty-1");
        using var held = MediatedDevice.Create("mtty", "mtty-2");
        using var coarse = MediatedDevice.Create("ferry_rnic", "ferry_rnic-1");
        using var unlogged = MediatedDevice.Create("ferry_rnic", "ferry_rnic-1");
        coarse.Set("rnic/log_page_sizes", "65536");
        unlogged.Set("rnic/log", "0");
        var group = VfioFiles.OpenGroup(edu.Folder);
        var mttyGroup = VfioFiles.OpenGroup(mtty.Folder);
        string[] names = [edu.Address, .. new[] { mtty, held, coarse, unlogged }.Select(device => Path.GetFileName(device.Folder))];
        using (var holder = new MttyDevice(VfioFiles.OpenDevice(held.Folder)) { ScratchByte = 77 })
        {
            Require("as root", FerryProcess.Run("probe", "--json"), OfRoot(names, group, mttyGroup));
            LabContext.Require(holder.ScratchByte == 77, "the device that is in use was changed");
        }

        RequireOfUser(names);
        return $"as root and as a user without any permission: {names.Length} devices, each provider, one device in use and unchanged";
    }

    private static void RequireOfUser(string[] names)
    {
        LabUser.Add();
        using var process = FerryProcess.StartAs(LabUser.Name, "probe", "--json");
        Require("as a user", process.WaitForEnd(0), OfUser(names));
    }

    private static void Require(string how, string output, List<(string Place, string Expected)> facts)
    {
        using var document = JsonDocument.Parse(output);
        var wrong = ProbeFacts.FindWrong(document.RootElement, facts);
        LabContext.Require(wrong is null, $"{how}, {wrong}: {output}");
        // What holds of one fact must not hold of its opposite.
        LabContext.Require(ProbeFacts.FindWrong(document.RootElement, [(facts[0].Place, "\"something else\"")]) is not null, "a wrong fact is taken for right");
    }

    private static List<(string Place, string Expected)> OfRoot(string[] names, int group, int mttyGroup)
    {
        var (edu, mtty, held, coarse, unlogged) = (names[0], names[1], names[2], names[3], names[4]);
        const string All = "[\"STOP_COPY\",\"P2P\",\"PRE_COPY\"]";
        return
        [
            .. OfSysfs(names),
            ("kvm/problem", "null"), ("kvm/logProblem", "null"), ("kvm/ringProblem", "null"), ("kvm/orderedRings", "true"),
            ("userfault/problem", "null"), ("userfault/scanProblem", "null"), ("userfault/faultProblem", "null"), ("userfault/writeProtectAsync", "true"),
            ("iommufdProblem", "null"), ("containerProblem", "null"), ("unread", "[]"),
            ($"devices[name={edu}]/group", $"{group}"), ($"devices[name={edu}]/openedBy", "\"file\""), ($"devices[name={edu}]/problem", "null"),
            ($"devices[name={edu}]/migration", "[]"), ($"devices[name={edu}]/logPageSizes", "[]"), ($"devices[name={edu}]/iommuTracks", "false"),
            ($"devices[name={mtty}]/group", $"{mttyGroup}"), ($"devices[name={mtty}]/problem", "null"), ($"devices[name={mtty}]/migration", All),
            ($"devices[name={mtty}]/logProblem", "null"),
            ($"devices[name={held}]/problem/kind", "\"in-use\""), ($"devices[name={held}]/openedBy", "null"),
            ($"devices[name={coarse}]/migration", All), ($"devices[name={coarse}]/logPageSizes", "[65536,131072,262144,524288,1048576,2097152]"),
            ($"devices[name={unlogged}]/logPageSizes", "[]"), ($"devices[name={unlogged}]/logProblem/kind", "\"missing\""),
            ($"groups[number={group}]/precision", "\"all-mapped\""), ($"groups[number={group}]/pageSizeBytes", "4096"),
            ($"groups[number={mttyGroup}]/precision", "\"pinned-for-write\""),
            ("providers[name=kvm-log]/status", "\"can\""), ("providers[name=kvm-ring]/status", "\"can\""), ("providers[name=process]/status", "\"can\""),
            ("providers[name=vfio-device]/status", "\"can\""), ("providers[name=iommufd]/status", "\"cannot\""), ("providers[name=type1]/status", "\"can\""),
            ("providers[name=device]/status", "\"unknown\""), ("providers[name=all]/status", "\"can\""),
        ];
    }

    /// <summary>What anybody can see, without opening anything.</summary>
    private static List<(string Place, string Expected)> OfSysfs(string[] names) =>
    [
        ("version", "1"),
        ("kernel/release", $"\"{File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}\""),
        ("iommus[name=dmar0]/kind", "\"intel\""), ("iommus[name=dmar0]/dirtyTracking", "false"), ("iommuProblem", "null"),
        ($"devices[name={names[0]}]/bus", "\"pci\""), ($"devices[name={names[0]}]/identity", "\"1234:11e8\""), ($"devices[name={names[0]}]/driver", "\"vfio-pci\""),
        ($"devices[name={names[0]}]/vfio", "true"), ($"devices[name={names[0]}]/iommu", "\"dmar0\""),
        ($"devices[name={names[1]}]/bus", "\"mdev\""), ($"devices[name={names[1]}]/identity", "\"mtty-1\""),
        ("mdevTypes[type=mtty-2]/parent", "\"mtty\""), ("mdevTypes[type=ferry_rnic-1]/parent", "\"ferry_rnic\""),
    ];

    private static List<(string Place, string Expected)> OfUser(string[] names) =>
    [
        .. OfSysfs(names),
        ("kvm/problem/kind", "\"not-permitted\""), ("iommufdProblem/kind", "\"not-permitted\""), ("userfault/scanProblem", "null"), ("userfault/faultProblem/kind", "\"not-permitted\""),
        .. names.Select(name => ($"devices[name={name}]/problem/kind", "\"not-permitted\"")),
        ("providers[name=kvm-log]/status", "\"not-permitted\""), ("providers[name=vfio-device]/status", "\"not-permitted\""), ("providers[name=iommufd]/status", "\"not-permitted\""),
        ("providers[name=type1]/status", "\"not-permitted\""), ("providers[name=process]/status", "\"can\""), ("providers[name=all]/status", "\"can\""),
    ];
}
