namespace Ferry.Bench.Model;

/// <summary>What it costs to track one source by one provider at one page size.</summary>
/// <param name="Provider">The tracker's name.</param>
/// <param name="PageBytes">The tracking page size.</param>
public sealed record ProviderCosts(string Provider, ulong PageBytes)
{
    /// <summary>What a report takes where nothing is mapped and nothing dirty, in seconds.</summary>
    public double ReportSeconds { get; init; }

    /// <summary>What each mapped GiB adds to a report, in seconds.</summary>
    public double ReportSecondsPerGiB { get; init; }

    /// <summary>What each page that is reported adds, a page of <see cref="PageBytes"/>, in seconds.</summary>
    public double ReportSecondsPerPage { get; init; }

    /// <summary>What a start takes, in seconds; it comes before the first round.</summary>
    public double StartSeconds { get; init; }

    /// <summary>What a stop takes where nothing is mapped, in seconds; it is part of the downtime.</summary>
    public double StopSeconds { get; init; }

    /// <summary>What each mapped GiB adds to a stop, in seconds.</summary>
    public double StopSecondsPerGiB { get; init; }

    /// <summary>The part of its work that the source loses while it is tracked; 0 to 1.</summary>
    public double Slowdown { get; init; }

    /// <summary>What one write takes a source that is as busy as it can be, in seconds, whatever its size; 0 where that is not known.</summary>
    public double WriteSeconds { get; init; }

    /// <summary>What it takes more for each byte, in seconds.</summary>
    public double WriteSecondsPerByte { get; init; }

    /// <summary>Which pages it reports.</summary>
    public ReportPrecision Precision { get; init; }

    /// <summary>Whether it forgets a page only when the page is copied, and not when it reports it: what is written in between costs nothing more.</summary>
    public bool ForgetsWhenCopied => Provider == "kvm-log";

    /// <summary>How far the figures may be off, as a part of them: the spread of the samples they are fitted from.</summary>
    public double RelativeError { get; init; }

    /// <summary>The time of a report.</summary>
    /// <param name="mappedBytes">The memory that the source may write.</param>
    /// <param name="dirtyBytes">What the report finds, in bytes of its pages.</param>
    public double SecondsOfReport(double mappedBytes, double dirtyBytes) =>
        ReportSeconds + (ReportSecondsPerGiB * mappedBytes / (1 << 30)) + (ReportSecondsPerPage * dirtyBytes / PageBytes);

    /// <summary>The time of a stop.</summary>
    /// <param name="mappedBytes">The memory that the source may write.</param>
    public double SecondsOfStop(double mappedBytes) => StopSeconds + (StopSecondsPerGiB * mappedBytes / (1 << 30));

    /// <summary>What a source writes at most while it is tracked, in bytes a second; infinite where that is not known.</summary>
    /// <param name="writeBytes">The bytes of one write.</param>
    public double MostBytesPerSecond(double writeBytes) =>
        WriteSeconds + (WriteSecondsPerByte * writeBytes) is > 0 and var seconds ? writeBytes / seconds : double.PositiveInfinity;

    /// <inheritdoc/>
    public override string ToString() => Provider is "all" or Advice.ProfileCosts.Early ? Provider : $"{Provider} {PageBytes / 1024}K";
}
