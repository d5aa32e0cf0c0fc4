using Ferry.Lab.Checks;
using Ferry.Lab.Devices;
using Ferry.Machine;
using Ferry.Tracking.Tests.Providers;

namespace Ferry.Lab;

/// <summary>Every check, in the order in which they run.</summary>
internal static class LabChecks
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ILabCheck> All { get; } =
    [
        new KernelCheck(),
        new IoasCheck(),
        new IoasMappingsCheck(),
        new VfioFileCheck(),
        new NestedKvmCheck("kvm-log", VcpuTracking.Log),
        new NestedKvmCheck("kvm-ring", VcpuTracking.Ring),
        new WriteTrackingCheck(),
        new ContractCheck<KvmLogTrackerTests>("kvm-log"),
        new ContractCheck<KvmRingTrackerTests>("kvm-ring"),
        new ContractCheck<ProcessTrackerTests>("process"),
        new CommandCheck(),
        new ProbeCheck(),
        new MttyCheck(),
        new EduGroupCheck(),
        new EduContainerCheck(),
        new EduIommufdCheck(),
        new EduDirtyRefusalCheck(),
        new EduDirtyCheck(),
        new EduCostsCheck(),
        new DeviceArcsCheck("mtty", () => MediatedDevice.Create("mtty", "mtty-1")),
        new MttyTrackersCheck(),
        new MttyMoveCheck(),
        new RnicDeviceCheck(),
        new DeviceArcsCheck("rnic", () => new RnicOptions { StateBytes = 4096 }.Create()),
        new ContractCheck<VfioDeviceSuite>("vfio-device"),
        new ContractCheck<Type1Suite>("type1"),
        new RnicBadInputCheck(),
        new RnicLogCheck(),
        new RnicType1Check(),
        new RnicMoveCheck(),
        new RunMttyCheck(),
        new RunEduCheck(),
        new RunRnicKernelCheck(),
        new RunRnicMissesCheck(),
        new RunRefusalsCheck(),
        new ConformMttyCheck(),
        new ConformRnicCheck(),
        ConformFaultsCheck.OfLog,
        ConformFaultsCheck.OfWork,
        ConformFaultsCheck.OfState,
        ConformFaultsCheck.OfTransitions,
        new BenchDeviceCheck(),
        new MockBitsCheck(),
        new MockLargerPagesCheck(),
        new MockRefusalCheck(),
        new MockCostsCheck(),
        new ContractCheck<MockSuite>("iommufd", LabMachine.Plain),
        new ContractCheck<MockPartsSuite>("iommufd-parts", LabMachine.Plain),
        new RunNoIommuCheck(),
    ];

    /// <summary>Those of the given names; all where there is none.</summary>
    /// <exception cref="KeyNotFoundException">There is no check of a name.</exception>
    public static IReadOnlyList<ILabCheck> Choose(IReadOnlyCollection<string> names)
    {
        if (names.FirstOrDefault(name => All.All(check => check.Name != name)) is { } unknown)
        {
            throw new KeyNotFoundException($"There is no check {unknown}; there are: {string.Join(", ", All.Select(check => check.Name))}.");
        }

        return names.Count == 0 ? All : [.. All.Where(check => names.Contains(check.Name))];
    }
}
