using Ferry.Machine.Programs;
using Xunit;

namespace Ferry.Machine.Tests.Programs;

/// <summary>The program's NIC driver takes every message, and notices each that is missing, repeated, stale or damaged.</summary>
public sealed class LedgerNicTests
{
    public static TheoryData<AcceleratorKind> Accelerators { get; } = [AcceleratorKind.Thread, AcceleratorKind.Kvm];

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Messages_are_taken_in_order_and_their_buffers_posted_again(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        var nic = ledger.Nic!;
        Assert.True(nic.IsEnabled);
        Assert.Equal(8U, nic.RxTail);
        for (var i = 0U; i < 30; i += 3)
        {
            nic.Send();
            nic.Send();
            nic.Send();
            ledger.Run();
            Assert.Equal(i + 3, nic.CqHead);
            Assert.Equal(i + 3 + 8, nic.RxTail);
        }

        Assert.Equal(30UL, ledger.Field(ControlBlock.Messages));
        Assert.Equal(0UL, ledger.Check());
        Assert.Equal(8UL, ledger.Field(ControlBlock.CheckedMessages));
        Assert.True(nic.IsEnabled);
        Assert.Empty(ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_message_of_a_header_alone_is_taken(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator, messageBytes: 64);
        ledger.Nic!.Send();
        ledger.Run();
        Assert.Equal(1UL, ledger.Field(ControlBlock.Messages));
        Assert.Equal(0UL, ledger.Check());
        Assert.Empty(ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_missing_message_is_found(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 3);
        ledger.Nic!.Sequence++;
        Exchange(ledger, 2);
        Assert.Equal([(LedgerError.MessageSequence, 5UL)], ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_device_that_lost_its_state_and_starts_again_is_found(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 3);
        ledger.Nic!.Sequence = 0;
        Exchange(ledger, 1);
        Assert.Equal([(LedgerError.MessageSequence, 1UL)], ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_completion_for_a_buffer_that_was_not_posted_is_found_and_nothing_read_through_it(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        ledger.Nic!.Send(alterCompletion: completion => completion[8..16].Fill(0xff));
        ledger.Nic.Send(alterCompletion: completion => completion[20..24].Fill(0xff));
        ledger.Run();
        Assert.Equal([LedgerError.CompletionBuffer, LedgerError.CompletionBuffer], ledger.Errors.Take(2).Select(error => error.Error));
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_page_of_a_message_that_is_left_from_an_earlier_one_is_found(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        var old = new byte[4096];
        ledger.Nic!.Send(alterMessage: message => message[4096..].CopyTo(old));
        ledger.Run();
        Exchange(ledger, 7);
        ledger.Nic.Send(alterMessage: message => old.CopyTo(message[4096..]));
        ledger.Run();
        Assert.Equal([(LedgerError.MessageChecksum, 9UL)], ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_message_that_never_arrived_though_completed_is_found(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        ledger.Nic!.Send(alterMessage: message => message.Clear());
        ledger.Run();
        Assert.Equal([(LedgerError.MessageMagic, 1UL)], ledger.Errors);
    }

    [Theory]
    [InlineData(AcceleratorKind.Thread, 0)]
    [InlineData(AcceleratorKind.Thread, 4096)]
    [InlineData(AcceleratorKind.Kvm, 0)]
    [InlineData(AcceleratorKind.Kvm, 4096)]
    public void A_page_of_a_received_message_that_was_lost_later_is_found_by_the_check(AcceleratorKind accelerator, int offset)
    {
        using var ledger = Boot(accelerator);
        var buffer = ledger.Nic!.Send();
        ledger.Run();
        var old = ledger.Memory.GetSpan(new(buffer), LedgerHarness.MessageBytes).ToArray();
        Exchange(ledger, 8);
        Assert.Equal(0UL, ledger.Check());
        old.AsSpan(offset, 4096).CopyTo(ledger.Memory.GetSpan(new(buffer + (ulong)offset), 4096));
        Assert.Equal(1UL, ledger.Check());
        Assert.Equal(offset == 0 ? LedgerError.MessageStale : LedgerError.MessageChecksum, Assert.Single(ledger.Errors).Error);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_message_that_arrives_during_the_check_is_no_error(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 8);
        ledger.Nic!.Send();
        Assert.Equal(0UL, ledger.Check());
        ledger.Run();
        Assert.Equal(9UL, ledger.Field(ControlBlock.Messages));
        Assert.Empty(ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_device_that_stopped_by_itself_is_found_by_the_check(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 2);
        ledger.Nic!.IsStopped = true;
        Assert.Equal(1UL, ledger.Check());
        Assert.Equal([(LedgerError.NicStopped, 2UL)], ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_device_that_starts_anew_and_stays_silent_is_found_by_the_check(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 2);
        ledger.Nic!.Write(ledger.Nic.ControlAddress, 0);
        ledger.Nic.Sequence = 0;
        Assert.Equal(2UL, ledger.Check());
        Assert.Equal([(LedgerError.NicState, 0UL), (LedgerError.NicState, 0UL)], ledger.Errors);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_device_that_is_gone_does_not_fail_the_check(AcceleratorKind accelerator)
    {
        using var ledger = Boot(accelerator);
        Exchange(ledger, 2);
        ledger.Nic!.IsGone = true;
        Assert.Equal(0UL, ledger.Check());
    }

    private static LedgerHarness Boot(AcceleratorKind accelerator, int messageBytes = LedgerHarness.MessageBytes)
    {
        var ledger = LedgerHarness.Boot(accelerator, messageBytes: messageBytes);
        ledger.Run();
        return ledger;
    }

    private static void Exchange(LedgerHarness ledger, int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            ledger.Nic!.Send();
            ledger.Run();
        }
    }
}
