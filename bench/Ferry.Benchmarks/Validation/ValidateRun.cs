using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ferry.Bench.Advice;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;

namespace Ferry.Benchmarks.Validation;

/// <summary>Measures varied whole migrations, and compares them with what the cost model says of them.</summary>
internal static class ValidateRun
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(2);

    /// <summary><c>measure FERRY WORKLOADS REPEATS FILE [SEED]</c> adds samples to a file, one JSON document a line, those that it has left out;
    /// <c>table FILE [LOAD]</c> prints what the model says of them by costs from other workloads, without runs under more load, and
    /// <c>predict FILE PROFILE [LOAD]</c> the same by the costs of a profile of <c>ferry bench</c>.</summary>
    internal static int Run(string[] args)
    {
        switch (args)
        {
            case ["measure", var ferry, var workloads, var repeats, var file, ..]:
                return Measure(ferry, Number(workloads), Number(repeats), file, args.Length > 5 ? Number(args[5]) : 1);
            case ["table", var file, ..]:
                return Tell(file, () => Table(SampleFile.Read(file), Load(args.ElementAtOrDefault(2)), samples =>
                {
                    Console.WriteLine(EngineFit.Fit(samples));
                    return ValidationTable.LeaveOneOut(samples);
                }));
            case ["predict", var file, var profile, ..]:
                return Tell(file, () =>
                {
                    var costs = new ProfileCosts(ProfileFile.Read(profile));
                    Table(SampleFile.Read(file), Load(args.ElementAtOrDefault(3)), samples => ValidationTable.Of(costs, samples));
                    Console.WriteLine(costs.Engine());
                });
            default:
                Console.Error.WriteLine("validate measure FERRY WORKLOADS REPEATS FILE [SEED] | validate table FILE [LOAD] | validate predict FILE PROFILE [LOAD]");
                return 2;
        }
    }

    private static int Tell(string file, Action tell)
    {
        try
        {
            tell();
            return 0;
        }
        catch (Exception e) when (e is IOException or ArgumentException or JsonException)
        {
            Console.Error.WriteLine($"{file}: {e.Message}");
            return 1;
        }
    }

    private static double Load(string? text) => text is null ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    // All once before any a second time, so that a file is of use whenever it is cut off, and no repeat is beside its first.
    private static int Measure(string ferry, int workloads, int repeats, string file, int seed)
    {
        var random = new Random(seed);
        ValidationCase[] cases = [.. Enumerable.Range(0, workloads).Select(_ => ValidationCase.Draw(random)).ToArray().SelectMany(each => each.Policies())];
        var done = SampleFile.Read(file).CountBy(sample => sample.Name).ToDictionary();
        var failed = 0;
        for (var i = 0; i < repeats * cases.Length; i++)
        {
            var next = cases[i % cases.Length];
            if (done.GetValueOrDefault(next.Name) > i / cases.Length)
            {
                continue;
            }

            var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
            using var document = RunOnce(ferry, next);
            if (document is null)
            {
                failed++;
            }
            else
            {
                SampleFile.Append(file, SampleReader.Read(next, document.RootElement, load));
            }

            Console.Error.WriteLine($"{i + 1} of {repeats * cases.Length}: {next.Name}{(document is null ? ": failed" : "")}");
        }

        return failed == 0 ? 0 : 1;
    }

    private static JsonDocument? RunOnce(string ferry, ValidationCase next)
    {
        using var process = Process.Start(new ProcessStartInfo(ferry, next.Arguments()) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(LongestRun))
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
        if (process.ExitCode == 0)
        {
            return JsonDocument.Parse(output.Result);
        }

        Console.Error.WriteLine(errors.Result);
        return null;
    }

    private static void Table(List<MigrationSample> samples, double mostLoad, Func<IReadOnlyList<MigrationSample>, ValidationTable> predict)
    {
        if (samples.Count == 0)
        {
            throw new ArgumentException("No migration is in it. Measure some.");
        }

        var whole = SampleMerge.Medians(samples, mostLoad);
        var table = predict(whole);
        Console.WriteLine($"{whole.Count} migrations of {whole.DistinctBy(each => each.Group).Count()} workloads, {samples.Count} runs; load {whole.Min(each => each.LoadAverage)} to {whole.Max(each => each.LoadAverage)}.\n");
        Console.WriteLine(table.ToMarkdown());
        Console.WriteLine(ChoiceTable.Of(table.Rows).ToMarkdown());
    }
}
