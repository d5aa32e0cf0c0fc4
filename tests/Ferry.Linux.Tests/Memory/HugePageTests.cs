using Ferry.Linux.Memory;
using Ferry.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Memory;

public sealed class HugePageTests
{
    private static readonly PageSize Size = PageSize.Size2M;

    [Fact]
    public void Too_few_huge_pages_are_counted_when_memory_is_made_and_not_when_it_is_touched()
    {
        Assert.SkipUnless(HugePages.CountFree(Size) is not null, "the kernel has no huge pages of 2M");
        var failure = Assert.Throws<KernelCallException>(() => GuestMemoryFile.Create([(new(0), 1UL << 40)], Size));
        Assert.Contains("524288 huge pages of 2M are needed and ", failure.Message);
        Assert.Contains("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", failure.Message);
    }

    [Fact]
    public void A_size_that_no_kernel_has_is_refused_by_name()
    {
        var failure = Assert.Throws<KernelCallException>(() => GuestMemoryFile.Create([(new(0), 1UL << 40)], new PageSize(1UL << 36)));
        Assert.Contains("64G are needed, a size that this kernel does not have", failure.Message);
    }

    [Fact]
    public void A_region_that_is_no_whole_number_of_huge_pages_is_refused() =>
        Assert.Contains("2M", Assert.Throws<ArgumentException>(() => GuestMemoryFile.Create([(new(0), 3 << 20)], Size)).Message);

    [Fact]
    public void Huge_pages_are_guest_memory_as_others_are()
    {
        Assert.SkipUnless(HugePages.CountFree(Size) >= 4, "fewer than 4 huge pages of 2M are free (vm.nr_hugepages)");
        using var file = GuestMemoryFile.Create([(new(0), 4 << 20), (new(GuestLayout.HoleEnd), 4 << 20)], Size);
        // What is promised is not there for others.
        Assert.Throws<KernelCallException>(() => GuestMemoryFile.Create([(new(0), (HugePages.CountFree(Size)!.Value + 1) * Size.Bytes)], Size));
        file.PopulateAll(2, null, TestContext.Current.CancellationToken);
        file.Memory.GetSpan(new(GuestLayout.HoleEnd + 5), 1)[0] = 9;
        Assert.Equal(file.Memory.Regions.Select(region => region.Range), file.FindPopulated());
        Assert.Equal(9, file.Memory.GetSpan(new(GuestLayout.HoleEnd + 5), 1)[0]);
    }
}
