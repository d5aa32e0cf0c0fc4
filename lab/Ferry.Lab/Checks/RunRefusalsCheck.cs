using Ferry.Lab.Commands;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>What <c>ferry run</c> says where a kernel device can't be had, and what would help: no such device, no VFIO driver, no permission, too little memory that may be locked.</summary>
internal sealed class RunRefusalsCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "run-refusals";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        Refuse("/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "there is no mediated device 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 here: write its UUID to the create file");
        Refuse(PassthroughDevice.FindFolder(EduDevice.Vendor, EduDevice.Device), "is bound to no driver, which is none of VFIO's: give it to one: echo vfio-pci");
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        var group = $"/dev/vfio/{VfioFiles.OpenGroup(bound.Folder)}";
        LabUser.Add();
        Refuse(bound.Folder, $"{group} may not be opened: run as root, or let an udev rule give it", LabUser.Name);
        File.SetUnixFileMode(group, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        Refuse(bound.Folder, "this process may lock 1024 KiB: raise that (ulimit -l", LabUser.Name);
        return "no such device, no VFIO driver, no permission, a limit of locked memory: each says what would help";
    }

    /// <summary>Starts a machine with a device, and sees that it is refused.</summary>
    /// <param name="folder">The device's folder in sysfs.</param>
    /// <param name="expected">What has to be said.</param>
    /// <param name="user">Who starts it, and may lock 1 MiB; null for root.</param>
    internal static void Refuse(string folder, string expected, string? user = null)
    {
        using var machine = MachineProcess.Run(LabMachines.With("dev0", "edu", folder).Replace("\"kvm\"", "\"thread\"", StringComparison.Ordinal), user);
        var said = machine.WaitForEnd(1);
        LabContext.Require(said.Contains("device dev0: ", StringComparison.Ordinal) && said.Contains(expected, StringComparison.Ordinal), $"expected '{expected}': {said}");
    }
}
