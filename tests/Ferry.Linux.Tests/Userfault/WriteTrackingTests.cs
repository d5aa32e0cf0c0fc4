using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Userfault;

public sealed class WriteTrackingTests : IDisposable
{
    private const ulong Bytes = 4 << 20;
    private readonly WriteTracking _tracking;
    private readonly GuestMemoryFile _file;

    public WriteTrackingTests()
    {
        var opened = WriteTracking.TryOpen(out var tracking, out var reason);
        Assert.SkipUnless(opened, reason ?? "");
        _tracking = tracking!;
        _file = GuestMemoryFile.Create([(new(0), Bytes)]);
    }

    public void Dispose()
    {
        _tracking?.Dispose();
        _file?.Dispose();
    }

    [Fact]
    public void Pages_that_a_system_call_writes_are_seen()
    {
        _tracking.Start(Start, Bytes);
        using var zeros = File.OpenHandle("/dev/zero");
        RandomAccess.Read(zeros, _file.Memory.GetSpan(new(0x5000), 0x2000), 0);
        Assert.Equal([(0x5000UL, 0x7000UL)], Take());
        Assert.Empty(Take());
    }

    [Fact]
    public void Reading_is_not_writing()
    {
        _file.Memory.GetSpan(new(0x3000), 1)[0] = 1;
        _tracking.Start(Start, Bytes);
        var sum = 0;
        foreach (var value in _file.Memory.GetSpan(new(0), (int)Bytes))
        {
            sum += value;
        }

        Assert.Equal(1, sum);
        Assert.Empty(Take());
    }

    [Fact]
    public void Writes_through_another_mapping_are_not_seen()
    {
        _tracking.Start(Start, Bytes);
        using var other = MappedMemory.MapShared(_file.Handle, 0, Bytes, MemoryProtection.Read | MemoryProtection.Write);
        other.GetSpan(0x5000, 1)[0] = 1;
        Assert.Empty(Take());
    }

    [Fact]
    public void A_part_that_was_stopped_is_not_tracked_and_a_scan_of_it_fails()
    {
        _tracking.Start(Start, Bytes);
        _tracking.Stop(Start, Bytes);
        Assert.ThrowsAny<IOException>(() => Take());
        _tracking.Start(Start, Bytes);
        _file.Memory.GetSpan(new(0x3000), 1)[0] = 1;
        Assert.Equal([(0x3000UL, 0x4000UL)], Take());
    }

    [Fact]
    public void What_is_not_mapped_or_not_aligned_is_refused_and_nothing_stays_started()
    {
        Assert.Throws<KernelCallException>(() => _tracking.Start(new(Start.Value + 1), 4096));
        var unmapped = MappedMemory.MapAnonymous(4096, MemoryProtection.Read);
        var gone = unmapped.Address;
        unmapped.Dispose();
        Assert.Throws<KernelCallException>(() => _tracking.Start(gone, 4096));
        _tracking.Start(Start, Bytes);
        Assert.Empty(Take());
    }

    private Hva Start => _file.Memory.Regions[0].Host;

    private List<(ulong Start, ulong End)> Take()
    {
        var found = new List<(ulong, ulong)>();
        for (var (at, end) = (Start, new Hva(Start.Value + (nuint)Bytes)); at.Value < end.Value;)
        {
            foreach (var run in _tracking.TakeWritten(ref at, end))
            {
                found.Add((run.Start - Start.Value, run.End - Start.Value));
            }
        }

        return found;
    }
}
