namespace Ferry.Cli.Commands;

/// <summary>Ends a process when its standard input is closed, as it is when the process that started it is gone.</summary>
internal static class Supervision
{
    /// <summary>A source that is cancelled by <paramref name="cancellation"/> and, where asked for, by the end of standard input.</summary>
    public static CancellationTokenSource Start(bool exitWithInput, CancellationToken cancellation = default)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (exitWithInput)
        {
            _ = WaitForEndOfInputAsync(source);
        }

        return source;
    }

    private static async Task WaitForEndOfInputAsync(CancellationTokenSource source)
    {
        await using var input = Console.OpenStandardInput();
        var ignored = new byte[256];
        try
        {
            while (await input.ReadAsync(ignored, source.Token).ConfigureAwait(false) > 0)
            {
                // What is written there has no meaning.
            }

            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The process ends anyway.
        }
    }
}
