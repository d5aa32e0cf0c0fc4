using Ferry.Lab.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>What DIRTY_PAGES of a container takes with a device that does not pin: all that is mapped, each time.</summary>
internal sealed class EduCostsCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "type1-costs";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        LabContext.Require(VfioContainer.TryOpen(out var opened, out var reason), reason ?? "");
        using var container = opened!;
        LabContext.Require(VfioGroup.TryOpen(VfioFiles.OpenGroup(bound.Folder), out var openedGroup, out reason), reason ?? "");
        using var group = openedGroup!;
        group.SetContainer(container);
        container.UseType1();
        var costs = new DirtyCosts();
        foreach (var size in DirtyCosts.Sizes)
        {
            var range = new IovaRange(new(1UL << 30), size);
            using var memory = MappedMemory.MapAnonymous(size, MemoryProtection.Read | MemoryProtection.Write);
            container.Map(range, memory.Address, MapAccess.ReadWrite);
            container.StartDirtyTracking();
            costs.Add(range, size >> 12, () => { }, words => container.GetDirtyBitmap(range, PageSize.Size4K, words));
            container.StopDirtyTracking();
            container.Unmap(range);
        }

        return $"all mapped {costs}";
    }
}
