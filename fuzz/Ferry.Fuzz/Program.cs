using Ferry.Fuzz;
using SharpFuzz;

var target = FuzzTargets.All.SingleOrDefault(candidate => args.Length == 1 && candidate.Name == args[0]);
if (target is null)
{
    Console.Error.WriteLine($"usage: Ferry.Fuzz TARGET, where TARGET is one of: {string.Join(", ", FuzzTargets.All.Select(each => each.Name))}");
    return 2;
}

Fuzzer.LibFuzzer.Run(target.Run);
return 0;
