using Ferry.Lab.Results;

namespace Ferry.Fuzz;

/// <summary>The results of the kernel lab: what a kernel under test sends. A run passes only where every check gave one result and none failed.</summary>
internal sealed class LabResultsTarget : IFuzzTarget
{
    private static readonly string[] Expected = ["kernel", "pci-edu"];

    /// <inheritdoc/>
    public string Name => "lab-results";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        var report = ResultReader.Read(input, Expected, null);
        var names = report.Results.Select(result => result.Name).ToList();
        if (report.Passed && !names.Order().SequenceEqual(Expected))
        {
            throw new InvalidOperationException($"A run passed with the results of: {string.Join(", ", names)}.");
        }

        using var text = new StringWriter { NewLine = "\n" };
        report.Write(text);
        if (text.ToString().Any(each => char.IsControl(each) && each != '\n'))
        {
            throw new InvalidOperationException("A control character reached the terminal.");
        }
    }
}
