namespace Ferry.Tracking.Probing;

/// <summary>Looks what this host can track, and why not what it can't.</summary>
/// <remarks>
/// It needs no privilege: what this user may not look at is an <see cref="Obstacle"/> of its own kind and never taken for missing. It changes
/// nothing: machines of KVM and address spaces are made for a moment and are its own; a VFIO device is opened only if nobody uses it. Whether
/// somebody does is learnt by opening its group, which the kernel refuses while the group or one of its devices is open.
/// </remarks>
public static class HostProbe
{
    /// <summary>Looks at this host.</summary>
    /// <param name="options">How, or null for the defaults.</param>
    public static HostFindings Look(ProbeOptions? options = null) => Look(new HostFiles(), new ProbeCalls(), options ?? new());

    /// <summary>Looks at the host that these tell of.</summary>
    internal static HostFindings Look(IHostFiles files, IProbeCalls calls, ProbeOptions options)
    {
        var kernel = SystemScan.ReadKernel(files);
        var processor = SystemScan.ReadProcessor(files);
        var iommus = IommuScan.Read(files, kernel);
        var iommuProblem = iommus.Count > 0 ? null : IommuScan.FindObstacle(files);
        var found = DeviceScan.Read(files, iommuProblem);
        var asked = new DeviceAsker(files, calls, options).Ask(found, out var groups);
        return new()
        {
            Kernel = kernel,
            Processor = processor,
            Memory = SystemScan.ReadMemory(files, calls, processor),
            Kvm = InterfaceScan.AskKvm(calls),
            Userfault = InterfaceScan.AskUserfault(files, calls),
            Iommus = iommus,
            IommuProblem = iommuProblem,
            IommufdProblem = InterfaceScan.Guard(calls.FindIommufdObstacle),
            ContainerProblem = InterfaceScan.Guard(calls.FindContainerObstacle),
            Devices = asked,
            Groups = groups,
            MdevTypes = DeviceScan.ReadMdevTypes(files),
            Unread = files.Refused,
        };
    }
}
