using Ferry.Linux.Events;
using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Testing;
using Xunit;

namespace Ferry.Linux.Tests;

/// <summary>Nothing stays open or mapped, neither of what was made nor of what could not be made.</summary>
[Collection(nameof(LeakTests))]
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class LeakTests
{
    [Fact]
    public void Memory_events_and_tracking_leave_nothing() => ProcessResources.AssertNoneLeft(() =>
    {
        using var memory = GuestMemoryFile.Create([(new(0), 1 << 20), (new(GuestLayout.HoleEnd), 1 << 20)]);
        using var signal = new EventFile();
        using var code = new ExecutableMemory([0xc3]);
        using var part = MappedMemory.MapShared(memory.Handle, 4096, 4096, MemoryProtection.Read);
        if (WriteTracking.TryOpen(out var tracking, out _))
        {
            using (tracking)
            {
                tracking!.Start(memory.Memory.Regions[0].Host, 1 << 20);
            }
        }
    });

    [Fact]
    public void Memory_that_can_not_be_made_leaves_nothing() => ProcessResources.AssertNoneLeft(() =>
    {
        Assert.Throws<ArgumentException>(() => GuestMemoryFile.Create([]));
        Assert.Throws<ArgumentException>(() => GuestMemoryFile.Create([(new(0), 8192), (new(4096), 8192)]));
        Assert.Throws<KernelCallException>(() => GuestMemoryFile.Create([(new(0), 1UL << 62)]));
        if (HugePages.CountFree(PageSize.Size2M) is not null)
        {
            Assert.Throws<KernelCallException>(() => GuestMemoryFile.Create([(new(0), 1UL << 40)], PageSize.Size2M));
        }
    });

    [Fact]
    public void Machines_and_vcpus_leave_nothing() => ProcessResources.AssertNoneLeft(() =>
    {
        Assert.SkipUnless(KvmSystem.TryOpen(out var system, out var reason), reason ?? "");
        using (system)
        {
            using var vm = system!.CreateVm();
            using var withRing = system.CreateVm();
            withRing.TryEnableDirtyRing(1024);
            using var vcpu = vm.CreateVcpu(0);
            using var other = withRing.CreateVcpu(0);
            Assert.Throws<KernelCallException>(() => vm.CreateVcpu(0));
            Assert.Throws<KernelCallException>(() => withRing.CreateVcpu(-1));
        }
    });

    [Fact]
    public void What_is_left_would_be_seen()
    {
        var left = new List<EventFile>();
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => ProcessResources.AssertNoneLeft(() => left.Add(new EventFile())));
        left.ForEach(file => file.Dispose());
    }
}
