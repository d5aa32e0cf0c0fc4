using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The page table of a device that is a process of its own.</summary>
public sealed class PageTableTests : IDisposable
{
    private static readonly IovaRange Memory = new(new(0), 4 << 20);

    private readonly TemporaryFolder _folder = new();
    private readonly MemoryFile _file = MemoryFile.Create("test-guest", Memory.LengthBytes);

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(IoTableMode.Scans)]
    [InlineData(IoTableMode.Faults)]
    public async Task Writes_of_another_process_are_seen_and_its_death_is_a_failed_report(IoTableMode mode)
    {
        var socket = _folder.FileOf("nic.sock");
        using var process = BuiltCommand.Start(_folder.Path, "device", "rnic", "--socket", socket, "--page-table", "--no-dma-log", "--message", "64");
        try
        {
            using var client = VfioUserClient.Connect(socket, new VfioUserClientOptions { ConnectTimeout = TimeSpan.FromSeconds(30) });
            client.MapDma(Memory, 0, true, true, _file.Handle);
            Assert.True(IoTableTracker.TryCreate(client, new DmaSource("nic0"), mode, out var tracker));
            using (tracker)
            using (var bitmap = new DirtyBitmap(Memory, PageSize.Size4K))
            {
                tracker.Start([Memory], PageSize.Size4K);
                // A write of this process, through its own mapping, is none of the device's.
                SendOne(client, descriptors: 0x10000, completions: 0x20000, buffer: 0x30000);
                tracker.Report(Memory, bitmap);
                Assert.Equal([0x20UL, 0x30UL], Pages(bitmap));
                bitmap.Clear();
                tracker.Report(Memory, bitmap);
                Assert.Empty(Pages(bitmap));

                await BuiltCommand.SignalAsync(process, "-KILL");
                Assert.Throws<TrackerFailedException>(() => tracker.Report(Memory, bitmap));
                Assert.Equal(bitmap.PageCount, bitmap.Count());
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private void SendOne(VfioUserClient client, ulong descriptors, ulong completions, ulong buffer)
    {
        using var mapped = MappedMemory.MapShared(_file.Handle, 0, Memory.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        var descriptor = mapped.GetSpan(descriptors, 16);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, buffer);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], 64);
        Write(client, 0, 0x14, 8);
        Write(client, 0, 0x18, (uint)descriptors);
        Write(client, 0, 0x20, 2);
        Write(client, 0, 0x28, (uint)completions);
        Write(client, 0, 0x30, 2);
        Write(client, 0, 0x10, 1);
        Write(client, 2, 0x00, 1);
        var sent = new byte[8];
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                client.RegionRead(0, 0x40, sent);
                return sent[0] == 1;
            },
            TimeSpan.FromSeconds(30)));
    }

    private static void Write(VfioUserClient client, int region, ulong offset, uint value) => client.RegionWrite(region, offset, BitConverter.GetBytes(value));

    private static IEnumerable<ulong> Pages(DirtyBitmap bitmap) => Enumerable.Range(0, (int)bitmap.PageCount).Select(page => (ulong)page).Where(bitmap.IsSet);
}
