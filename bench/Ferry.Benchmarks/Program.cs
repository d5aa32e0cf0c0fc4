using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Ferry.Benchmarks.Bitmap;
using Ferry.Benchmarks.Migration;
using Ferry.Benchmarks.Tracking;
using Ferry.Benchmarks.Validation;

// dotnet run -c Release --project bench/Ferry.Benchmarks -- quick [ROUNDS [OPERATION]]   interleaved comparison, a minute
// dotnet run -c Release --project bench/Ferry.Benchmarks -- migrate [...]                 whole migrations over loopback
// dotnet run -c Release --project bench/Ferry.Benchmarks -- trackers                      what each tracker costs, two minutes
// dotnet run -c Release --project bench/Ferry.Benchmarks -- validate [...]                the cost model against whole migrations
// dotnet run -c Release --project bench/Ferry.Benchmarks -- side-by-side RUNS COMMAND COMMAND   against another VMM
// dotnet run -c Release --project bench/Ferry.Benchmarks -- --filter '*'                 BenchmarkDotNet
if (args is ["quick", ..])
{
    return QuickComparison.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 30, args.ElementAtOrDefault(2));
}

if (args is ["migrate", ..])
{
    return MigrateComparison.Run(args[1..]);
}

if (args is ["trackers"])
{
    return TrackerComparison.Run();
}

if (args is [ServedWriter.Verb, var socket])
{
    return ServedWriter.Serve(socket);
}

if (args is ["validate", ..])
{
    return ValidateRun.Run(args[1..]);
}

if (args is ["side-by-side", ..])
{
    return SideBySide.Run(args[1..]);
}

// In this process: what is measured are loops over native memory, for which a build of its own changes nothing.
var job = Job.Default.WithToolchain(new InProcessEmitToolchain(new())).WithWarmupCount(10).WithIterationCount(20);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
