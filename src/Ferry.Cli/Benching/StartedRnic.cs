using System.Globalization;
using Ferry.Bench.Measuring;
using Ferry.Cli.Demo;
using Ferry.Cli.Hosting;
using Ferry.Cli.Values;

namespace Ferry.Cli.Benching;

/// <summary>An rnic in a process of its own, for as long as it is measured.</summary>
internal sealed class StartedRnic : IBenchDevice
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestDeath = TimeSpan.FromMilliseconds(500);

    // Every power of two, so that any can be measured.
    private static readonly string PageSizes = string.Join(',', Enumerable.Range(12, 10).Select(shift => SizeText.Exact(1UL << shift)));

    private readonly string _folder = RuntimeFolder.Create("ferry-bench-");
    private readonly ChildProcess _process;

    /// <summary>Starts it with <paramref name="ferry"/>, a program and its first arguments, and waits until it listens.</summary>
    /// <exception cref="IOException">It ended instead.</exception>
    public StartedRnic(string[] ferry, ulong messageBytes, ulong? bytesPerSecond)
    {
        _process = ChildProcess.Start(
            "device",
            [
                .. ferry, "device", "rnic", "--socket", SocketPath, "--message", messageBytes.ToString(CultureInfo.InvariantCulture), "--page-table", "--log-page-sizes", PageSizes,
                .. bytesPerSecond is { } rate ? ["--rate", RateText.Exact(rate)] : Array.Empty<string>(),
            ]);
        try
        {
            using var limit = new CancellationTokenSource(LongestStart);
            _process.WaitReadyAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            Dispose();
            if (e is OperationCanceledException)
            {
                throw new IOException($"the device did not start within {LongestStart.TotalSeconds} s: {_process.LastLines()}", e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public string SocketPath => Path.Combine(_folder, "rnic.sock");

    /// <inheritdoc/>
    public string? DescribeEnd()
    {
        // The connection breaks a moment before the process is gone.
        var end = _process.DescribeEnd();
        for (var waited = TimeSpan.Zero; end is null && waited < LongestDeath; waited += TimeSpan.FromMilliseconds(50))
        {
            Thread.Sleep(50);
            end = _process.DescribeEnd();
        }

        return end;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.DisposeAsync().AsTask().GetAwaiter().GetResult();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}
