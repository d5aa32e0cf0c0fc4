using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>Whether this machine can become the one that is described.</summary>
internal static class Admission
{
    /// <returns>Every reason why not, in words; null where it can.</returns>
    internal static string? Refusal(IMigratableMachine machine, MachineDescription described)
    {
        var reasons = new List<string>();
        if (described.Accelerator != machine.Accelerator)
        {
            reasons.Add($"the accelerator is {described.Accelerator} there and {machine.Accelerator} here");
        }

        if (described.VcpuCount != machine.VcpuCount)
        {
            reasons.Add($"there are {described.VcpuCount} vCPUs there and {machine.VcpuCount} here");
        }

        if (described.VcpuStateVersion != machine.VcpuStateVersion)
        {
            reasons.Add($"vCPU state has version {described.VcpuStateVersion} there and {machine.VcpuStateVersion} here");
        }

        AddMemory(reasons, machine, described);
        AddDevices(reasons, machine, described);
        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    private static void AddMemory(List<string> reasons, IMigratableMachine machine, MachineDescription described)
    {
        var here = machine.Memory.Regions;
        if (here.Count != described.Memory.Count)
        {
            reasons.Add($"memory has {described.Memory.Count} regions there and {here.Count} here");
            return;
        }

        for (var i = 0; i < here.Count; i++)
        {
            if (here[i].Start.Value != described.Memory[i].Start || here[i].LengthBytes != described.Memory[i].Bytes)
            {
                reasons.Add(
                    $"memory region {i} is {described.Memory[i].Bytes} bytes at 0x{described.Memory[i].Start:x} there and {here[i].LengthBytes} bytes at 0x{here[i].Start.Value:x} here");
            }
        }
    }

    private static void AddDevices(List<string> reasons, IMigratableMachine machine, MachineDescription described)
    {
        for (var i = 0; i < Math.Max(machine.Devices.Count, described.Devices.Count); i++)
        {
            if (i >= machine.Devices.Count)
            {
                reasons.Add($"device {described.Devices[i].Id} is missing here");
                continue;
            }

            var here = machine.Devices[i];
            if (i >= described.Devices.Count)
            {
                reasons.Add($"device {here.Id} is here only");
                continue;
            }

            var there = described.Devices[i];
            if (there.Id != here.Id || there.Kind != here.Kind || there.Version != here.Version)
            {
                reasons.Add($"device {i} is {there.Id} ({there.Kind}, state version {there.Version}) there and {here.Id} ({here.Kind}, state version {here.Version}) here");
            }
            else if (there.Iommu != here.IsBehindIommu)
            {
                reasons.Add($"device {there.Id} is behind a virtual IOMMU {(there.Iommu ? "there and not here" : "here and not there")}");
            }
            else if (((ulong)here.Migration & there.Migration) != there.Migration)
            {
                reasons.Add($"device {there.Id} can {VfioMigrationNames.Of((VfioMigrationFlags)there.Migration)} there and {VfioMigrationNames.Of(here.Migration)} here");
            }
        }
    }
}
