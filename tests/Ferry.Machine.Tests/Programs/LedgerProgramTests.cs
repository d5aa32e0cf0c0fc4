using System.Buffers.Binary;
using Ferry.Machine.Programs;
using Xunit;

namespace Ferry.Machine.Tests.Programs;

/// <summary>The program keeps its books, and finds every kind of damage that a lost page can do to them.</summary>
public sealed class LedgerProgramTests
{
    public static TheoryData<AcceleratorKind> Accelerators { get; } = [AcceleratorKind.Thread, AcceleratorKind.Kvm];

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Transfers_move_money_between_pages_and_the_books_stay_right(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(1000);
        Assert.Equal(1000UL, ledger.Field(ControlBlock.Transfers));
        ulong written = 0, sequences = 0;
        for (ulong page = 0; page < ledger.PageCount; page++)
        {
            written += ledger.SequenceOf(page) > 0 ? 1UL : 0;
            sequences += ledger.SequenceOf(page);
        }

        Assert.Equal(2000UL, sequences);
        Assert.Equal(ledger.PageCount, written);
        Assert.Equal(0UL, ledger.Check());
        Assert.Empty(ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_page_that_is_an_older_version_of_itself_is_found(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(200);
        var old = ledger.Page(7).ToArray();
        var before = ledger.SequenceOf(7);
        ledger.Run(200);
        Assert.True(ledger.SequenceOf(7) > before, "The page was not written meanwhile.");
        Assert.Equal(0UL, ledger.Check());
        old.CopyTo(ledger.Page(7));
        Assert.NotEqual(0UL, ledger.Check());
        Assert.Contains(ledger.Errors, error => error.Error == LedgerError.Sequences);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_changed_account_is_found_with_its_page(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(64);
        ledger.Page(40)[LedgerPage.Account + (3 * LedgerPage.AccountStride)] ^= 1;
        Assert.Equal(2UL, ledger.Check());
        Assert.Equal((LedgerError.PageChecksum, 40UL), ledger.Errors[0]);
        Assert.Equal(LedgerError.Total, ledger.Errors[1].Error);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Money_that_moves_within_a_page_without_a_transfer_is_found(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(64);
        AddTo(ledger.Page(12), 2, 5);
        AddTo(ledger.Page(12), 9, -5);
        Assert.Equal(1UL, ledger.Check());
        Assert.Equal((LedgerError.PageChecksum, 12UL), ledger.Errors[0]);

        static void AddTo(Span<byte> page, int account, long amount)
        {
            var field = page[(LedgerPage.Account + (account * LedgerPage.AccountStride))..];
            BinaryPrimitives.WriteInt64LittleEndian(field, BinaryPrimitives.ReadInt64LittleEndian(field) + amount);
        }
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_page_that_never_arrived_is_found(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(64);
        ledger.Page(63).Clear();
        Assert.NotEqual(0UL, ledger.Check());
        Assert.Equal((LedgerError.PageIdentity, 63UL), ledger.Errors[0]);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Another_page_in_its_place_is_noticed_by_the_transfers_already(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator, workingSetBytes: 4 * 4096);
        ledger.Page(1).CopyTo(ledger.Page(2));
        ledger.Run(64);
        Assert.NotEmpty(ledger.Errors);
        Assert.All(ledger.Errors, error => Assert.Equal((LedgerError.PageIdentity, 2UL), error));
        Assert.Equal((ulong)ledger.Errors.Count, ledger.Field(ControlBlock.Errors));
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Counters_that_are_an_older_version_of_themselves_are_found(AcceleratorKind accelerator)
    {
        using var ledger = LedgerHarness.Boot(accelerator);
        ledger.Run(32);
        var old = ledger.Block().ToArray();
        ledger.Run(32);
        old.CopyTo(ledger.Block());
        Assert.Equal(1UL, ledger.Check());
        Assert.Equal(LedgerError.Sequences, ledger.Errors[0].Error);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void It_goes_on_at_another_address_in_the_middle_of_its_work(AcceleratorKind accelerator)
    {
        using var source = LedgerHarness.Boot(accelerator);
        source.Run(100);
        source.Vcpu.Answer(17);
        source.Vcpu.Settle();
        using var destination = LedgerHarness.Create(accelerator);
        destination.ContinueFrom(source);
        destination.RunToBudget();
        Assert.Equal(117UL, destination.Field(ControlBlock.Transfers));
        destination.Run(100);
        Assert.Equal(217UL, destination.Field(ControlBlock.Transfers));
        Assert.Equal(0UL, destination.Check());
        Assert.Equal(100UL, source.Field(ControlBlock.Transfers));
    }

    [Fact]
    public void Both_targets_do_the_same_transfers()
    {
        using var thread = LedgerHarness.Boot(AcceleratorKind.Thread);
        using var kvm = LedgerHarness.Boot(AcceleratorKind.Kvm);
        thread.Run(300);
        kvm.Run(300);
        for (ulong page = 0; page < thread.PageCount; page++)
        {
            Assert.True(thread.Page(page).SequenceEqual(kvm.Page(page)), $"Page {page} differs.");
        }
    }
}
