using System.Globalization;
using BenchmarkDotNet.Running;
using Ferry.Benchmarks.Bitmap;

// dotnet run -c Release -- quick [ROUNDS [OPERATION]]     interleaved comparison, a minute
// dotnet run -c Release -- --filter '*'                   BenchmarkDotNet
if (args is ["quick", ..])
{
    return QuickComparison.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 30, args.ElementAtOrDefault(2));
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
