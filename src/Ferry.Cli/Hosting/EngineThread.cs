namespace Ferry.Cli.Hosting;

/// <summary>Runs the engine on a thread of its own, and asks at intervals how far it is.</summary>
internal static class EngineThread
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs <paramref name="work"/>, calling <paramref name="poll"/> meanwhile.</summary>
    public static async Task<T> RunAsync<T>(Func<T> work, Action poll)
    {
        var running = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (await Task.WhenAny(running, Task.Delay(Interval)).ConfigureAwait(false) != running)
        {
            poll();
        }

        return await running.ConfigureAwait(false);
    }
}
