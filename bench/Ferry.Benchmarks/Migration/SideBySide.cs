using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Ferry.Benchmarks.Migration;

/// <summary>Runs two commands in turn, both of which end with a JSON document of a migration, and compares the medians.</summary>
/// <remarks>Usage: <c>side-by-side RUNS FERRY-COMMAND PEER-COMMAND</c>; each command is one argument, run by the shell. The peer's document
/// needs the keys that <c>ferry demo --json</c> has too: totalSeconds, downtimeSeconds, sourceCpuSeconds, destinationCpuSeconds.</remarks>
internal static class SideBySide
{
    private static readonly string[] Keys = ["totalSeconds", "downtimeSeconds", "cpuSeconds"];

    public static int Run(string[] args)
    {
        if (args.Length != 3 || !int.TryParse(args[0], CultureInfo.InvariantCulture, out var runs) || runs < 1)
        {
            Console.Error.WriteLine("usage: Ferry.Benchmarks side-by-side RUNS FERRY-COMMAND PEER-COMMAND");
            return 2;
        }

        var samples = new List<double[]>[] { [], [] };
        for (var run = 0; run < runs; run++)
        {
            for (var side = 0; side < 2; side++)
            {
                var values = Measure(args[1 + side]);
                samples[side].Add(values);
                Console.WriteLine($"run {run + 1} {(side == 0 ? "ferry" : "peer "),-5} {Format(values)}");
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{"",-16}{"ferry",10}{"peer",10}{"ratio",10}   (medians of {runs})");
        for (var key = 0; key < Keys.Length; key++)
        {
            var ferry = Median(samples[0].Select(values => values[key]));
            var peer = Median(samples[1].Select(values => values[key]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Keys[key],-16}{ferry,10:F3}{peer,10:F3}{ferry / peer,10:F2}"));
        }

        return 0;
    }

    private static double[] Measure(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{command}' ended with code {process.ExitCode}.");
        }

        using var document = JsonDocument.Parse(output);
        var root = document.RootElement;
        double Of(string key) => root.GetProperty(key).GetDouble();
        return [Of("totalSeconds"), Of("downtimeSeconds"), Of("sourceCpuSeconds") + Of("destinationCpuSeconds")];
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Format(double[] values) =>
        string.Join("  ", Keys.Zip(values, (key, value) => string.Create(CultureInfo.InvariantCulture, $"{key} {value:F3}")));
}
