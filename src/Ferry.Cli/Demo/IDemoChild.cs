namespace Ferry.Cli.Demo;

/// <summary>One of the demo's processes.</summary>
internal interface IDemoChild : IAsyncDisposable
{
    /// <summary>What it does in the demo.</summary>
    string Role { get; }

    /// <summary>Its process id.</summary>
    int Id { get; }

    /// <summary>Waits until it is ready.</summary>
    /// <exception cref="IOException">It ended instead; the message has its last lines.</exception>
    Task WaitReadyAsync(CancellationToken cancellation);

    /// <summary>What it said last, for errors.</summary>
    string LastLines();
}
