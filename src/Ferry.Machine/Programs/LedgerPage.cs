using System.Buffers.Binary;

namespace Ferry.Machine.Programs;

/// <summary>A page of the ledger: its address, how often it was written, a checksum, and sixteen accounts spread over it.</summary>
/// <remarks>u64 at 0: the page's address; at 8: the sequence, one more with each write; at 16: the sum of
/// the accounts, each times its <see cref="WeightOf"/>, plus the sequence times <see cref="SequenceFactor"/>; account j at 0x20 + 0x100 * j.
/// The rest is never written. The weights differ, so money that moves within a page unseen changes the checksum too.</remarks>
internal static class LedgerPage
{
    public const int Bytes = 4096;
    public const int Shift = 12;
    public const ulong SequenceFactor = 0x9E3779B97F4A7C15;
    public const int Sequence = 8;
    public const int Checksum = 16;
    public const int Account = 0x20;
    public const int AccountStride = 0x100;
    public const int Accounts = 16;
    public const ulong InitialBalance = 1_000_000;

    /// <summary>The sum of a fresh page's accounts.</summary>
    public const ulong InitialTotal = Accounts * InitialBalance;

    /// <summary>What an account counts in its page's checksum: its distance from the first, plus 1, which a transfer has at hand.</summary>
    public static int WeightOf(int account) => (account * AccountStride) + 1;

    /// <summary>Writes a page as it is before the first transfer.</summary>
    /// <param name="page">The page.</param>
    /// <param name="address">Where the program sees it.</param>
    public static void Initialize(Span<byte> page, ulong address)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(page, address);
        BinaryPrimitives.WriteUInt64LittleEndian(page[Sequence..], 0);
        ulong checksum = 0;
        for (var account = 0; account < Accounts; account++)
        {
            checksum += InitialBalance * (ulong)WeightOf(account);
            BinaryPrimitives.WriteUInt64LittleEndian(page[(Account + (account * AccountStride))..], InitialBalance);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(page[Checksum..], checksum);
    }
}
