using System.Numerics;

namespace Ferry.Devices.Models;

/// <summary>What the guest set before it enabled an rnic.</summary>
internal record struct RnicSetup(uint StrideBytes, ulong RxBase, uint RxEntries, ulong CqBase, uint CqEntries)
{
    /// <summary>The IOVA of another device's mailbox, which gets the sequence of each message; 0 for none.</summary>
    public ulong PeerBase { get; set; }

    public const uint MinEntries = 2;
    public const uint MaxEntries = 65536;
    public const ulong BaseAlignmentBytes = 64;

    /// <summary>Whether the device can be enabled with it; whether the rings are mapped is seen when they are used.</summary>
    public readonly bool IsUsable =>
        StrideBytes >= 8 && StrideBytes % 8 == 0 && PeerBase % sizeof(ulong) == 0 && PeerBase <= ulong.MaxValue - RnicMailbox.RegionBytes
        && IsRing(RxBase, RxEntries, RnicQueue.DescriptorBytes) && IsRing(CqBase, CqEntries, RnicQueue.CompletionBytes);

    private static bool IsRing(ulong start, uint entries, ulong entryBytes) =>
        start % BaseAlignmentBytes == 0 && BitOperations.IsPow2(entries) && entries is >= MinEntries and <= MaxEntries
        && start <= ulong.MaxValue - ((entries * entryBytes) - 1);
}
