using System.Globalization;
using Ferry.Lab;
using Ferry.Lab.Checks;
using Ferry.Lab.Results;

const string Usage = """
    usage: ferry-lab list [CHECK...]                 the names of the checks, or of those
           ferry-lab machines [CHECK...]             the names of the machines that they run on
           ferry-lab run RESULTS LIMIT MACHINE [CHECK...] runs those of a machine here, in the lab; LIMIT is in seconds a check
           ferry-lab report RESULTS ENDED [CHECK...] tells what came out of the lab; ENDED is how QEMU ended: an exit code, or timeout
    """;
try
{
    return args switch
    {
        ["list", .. var names] => List(names),
        ["machines", .. var names] => ListMachines(names),
        ["run", var results, var limit, var machine, .. var names] => RunHere(results, limit, machine, names),
        [MttyMoveCheck.DestinationVerb, var path] => MttyMoveCheck.Receive(path, Console.Out),
        [RnicMoveCheck.DestinationVerb, var path] => RnicMoveCheck.Receive(path, Console.Out),
        ["report", var results, var ended, .. var names] => Report(results, ended, names),
        _ => Fail(Usage),
    };
}
catch (Exception e) when (e is KeyNotFoundException or FormatException or IOException or UnauthorizedAccessException)
{
    return Fail($"ferry-lab: {e.Message}");
}

static int List(string[] names)
{
    foreach (var check in LabChecks.Choose(names))
    {
        Console.WriteLine(check.Name);
    }

    return 0;
}

static int ListMachines(string[] names)
{
    foreach (var machine in LabChecks.Choose(names).Select(check => check.Machine).Distinct().Order())
    {
        Console.WriteLine(machine.ToString().ToLowerInvariant());
    }

    return 0;
}

static int RunHere(string results, string limit, string machine, string[] names)
{
    var here = Enum.Parse<LabMachine>(machine, ignoreCase: true);
    var checks = LabChecks.Choose(names).Where(check => check.Machine == here);
    using var stream = new FileStream(results, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    LabRunner.Run(checks, TimeSpan.FromSeconds(int.Parse(limit, CultureInfo.InvariantCulture)), stream, Console.Out);
    return 0;
}

static int Report(string results, string ended, string[] names)
{
    var expected = LabChecks.Choose(names).Select(check => check.Name).ToList();
    var problem = ended switch
    {
        "0" => null,
        "timeout" => "the lab did not end in time",
        _ => $"QEMU ended with code {ended}",
    };
    var report = ResultReader.ReadFile(results, expected, problem);
    report.Write(Console.Out);
    return report.Passed ? 0 : 1;
}

static int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 2;
}
