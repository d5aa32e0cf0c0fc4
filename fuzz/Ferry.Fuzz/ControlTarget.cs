using Ferry.Cli.Control;

namespace Ferry.Fuzz;

/// <summary>The control protocol: lines from any process of the same user.</summary>
internal sealed class ControlTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "control";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        using var stream = new MemoryStream(input.ToArray());
        var lines = new LineReader(stream, ControlServer.LongestRequestBytes);
        try
        {
            while (Next(lines) is { } line)
            {
                TryParse(line);
            }
        }
        catch (ControlException)
        {
            // A line longer than the limit.
        }
    }

    // The memory stream never waits.
    private static ReadOnlyMemory<byte>? Next(LineReader lines) => lines.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static void TryParse(ReadOnlyMemory<byte> line)
    {
        try
        {
            if (ControlJson.ParseRequest(line.Span).Migrate is { } migrate)
            {
                MigrateChoices.Validate(migrate);
            }
        }
        catch (ControlException)
        {
            // Refused, with a reason.
        }
    }
}
