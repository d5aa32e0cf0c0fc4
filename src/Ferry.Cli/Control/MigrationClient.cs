using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Ui;
using Ferry.Cli.Values;

namespace Ferry.Cli.Control;

/// <summary>Migrations as the client of a control socket sees them, shown on a board.</summary>
internal static class MigrationClient
{
    /// <summary>Migrates the machine behind <paramref name="control"/>; <paramref name="cancellation"/> rolls back and still waits for the report.</summary>
    public static async Task<MigrationDocument> MigrateAsync(
        ProgressBoard board, string control, MigrateRequest request, Action<EventDocument>? events, CancellationToken cancellation)
    {
        using var step = board.Begin($"migrating to {request.To}");
        using var client = await ControlClient.ConnectAsync(control, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        using var cancelling = cancellation.Register(() => _ = CancelAsync(control));

        // What came before the host had begun to migrate found nothing to cancel.
        var isCancelSure = false;
        void Show(ProgressDocument progress)
        {
            step.Show(progress);
            if (!isCancelSure && cancellation.IsCancellationRequested)
            {
                isCancelSure = true;
                _ = CancelAsync(control);
            }
        }

        // The report comes after the roll-back too, so that waiting for it is not cancelled.
        var reply = await client.SendAsync(new ControlRequest { Verb = ControlVerbs.Migrate, Migrate = request, Events = events is not null }, Show, CancellationToken.None, events).ConfigureAwait(false);
        var report = reply.Report ?? throw new IOException($"control socket {control}: the answer holds no report");
        if (report.RunsAt == RunsAt.Destination)
        {
            step.Done($"downtime {DurationText.ForPeople(report.DowntimeSeconds)}, {report.Rounds} {(report.Rounds == 1 ? "round" : "rounds")}, {SizeText.ForPeople(report.SentBytes)}");
        }
        else
        {
            step.Fail(report.Error);
        }

        return report;
    }

    /// <summary>Lets the guest behind <paramref name="control"/> check all its memory.</summary>
    public static async Task<SelfCheckDocument> CheckGuestAsync(ProgressBoard board, string control, CancellationToken cancellation)
    {
        using var step = board.Begin("the guest checks all its memory");
        var reply = await ControlClient.AskAsync(control, new ControlRequest { Verb = ControlVerbs.SelfCheck }, cancellation).ConfigureAwait(false);
        var check = reply.SelfCheck ?? throw new IOException($"control socket {control}: the answer holds no self-check");
        if (check.Passed)
        {
            step.Done(FormattableString.Invariant($"{check.PagesChecked:N0} pages and {check.Messages:N0} messages in order"));
        }
        else
        {
            step.Fail(check.FirstError);
        }

        return check;
    }

    private static async Task CancelAsync(string control)
    {
        try
        {
            await ControlClient.AskAsync(control, new ControlRequest { Verb = ControlVerbs.Cancel }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ControlException)
        {
            // It ended meanwhile, one way or the other: the report says how.
        }
    }
}
