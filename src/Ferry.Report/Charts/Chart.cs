namespace Ferry.Report.Charts;

/// <summary>What a chart shows, without how it is drawn.</summary>
public abstract record Chart
{
    private protected Chart()
    {
    }

    /// <summary>The name of its files and its anchor: lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>What it shows, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What is to be seen in it, for those who don't see it, and below it for all.</summary>
    public required string Description { get; init; }

    /// <summary>What the horizontal axis is, with its unit.</summary>
    public required string XLabel { get; init; }

    /// <summary>What the vertical axis is, with its unit.</summary>
    public required string YLabel { get; init; }

    /// <summary>The numbers that are drawn, as a table.</summary>
    public abstract ReportTable ToTable();
}
