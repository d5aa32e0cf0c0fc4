using System.Runtime.InteropServices;
using Xunit;

namespace Ferry.Memory.Tests;

public sealed class GuestMemoryTests
{
    private const ulong LowBytes = 8192;
    private const ulong HighBytes = 4096;
    private readonly byte[] _host = GC.AllocateArray<byte>((int)(LowBytes + HighBytes), pinned: true);
    private readonly Hva _address;
    private readonly GuestMemory _memory;

    public GuestMemoryTests()
    {
        _address = new((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_host, 0));
        _memory = new([new(new(1UL << 32), HighBytes, new(_address.Value + (nuint)LowBytes), LowBytes), new(new(0), LowBytes, _address, 0)]);
    }

    [Fact]
    public void Regions_are_sorted_and_lead_to_their_own_bytes()
    {
        Assert.Equal([0UL, 1UL << 32], _memory.Regions.Select(region => region.Start.Value));
        Assert.Equal(LowBytes + HighBytes, _memory.TotalBytes);
        _memory.GetSpan(new(LowBytes - 1), 1)[0] = 1;
        _memory.GetSpan(new(1UL << 32), 4096)[4095] = 2;
        Assert.Equal(1, _host[LowBytes - 1]);
        Assert.Equal(2, _host[LowBytes + HighBytes - 1]);
        Assert.Equal(4096, _memory.GetSpan(new(4096), 4096).Length);
    }

    [Theory]
    [InlineData(LowBytes - 1, 2)]
    [InlineData(LowBytes, 0)]
    [InlineData(LowBytes, 1)]
    [InlineData(0, 8193)]
    [InlineData(0, int.MaxValue)]
    [InlineData(0, -1)]
    [InlineData((1UL << 32) - 1, 2)]
    [InlineData((1UL << 32) + HighBytes, 1)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue - 4095, int.MaxValue)]
    public void Bytes_that_are_not_all_in_one_region_are_refused(ulong start, int lengthBytes)
    {
        Assert.False(_memory.TryGetSpan(new(start), lengthBytes, out var span));
        Assert.True(span.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => _memory.GetSpan(new(start), lengthBytes).Length);
    }

    [Fact]
    public void Regions_that_are_none_are_refused()
    {
        GuestRegion[][] refused =
        [
            [],
            [new(new(0), 0, _address, 0)],
            [new(new(0), 4095, _address, 0)],
            [new(new(1), 4096, _address, 0)],
            [new(new(0), 4096, default, 0)],
            [new(new(0), 8192, new(nuint.MaxValue - 4095), 0)],
            [new(new(ulong.MaxValue - 4095), 8192, _address, 0)],
            [new(new(0), 8192, _address, 0), new(new(4096), 4096, _address, 0)],
            [new(new(0), 4096, _address, 0), new(new(0), 4096, _address, 4096)],
        ];
        Assert.All(refused, regions => Assert.ThrowsAny<ArgumentException>(() => new GuestMemory(regions)));
    }
}
