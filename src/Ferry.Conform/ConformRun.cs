using System.Diagnostics;
using Ferry.Conform.Checks;
using Ferry.Conform.Stimuli;
using Ferry.Conform.Tracing;
using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Conform;

/// <summary>Runs the checks on one device, one after the other, each on a connection of its own.</summary>
/// <param name="connector">Reaches the device.</param>
/// <param name="options">What is checked, and how long.</param>
public sealed class ConformRun(IDeviceConnector connector, ConformOptions options)
{
    private DeviceAbilities? _abilities;
    private string? _lost;

    /// <summary>Checks the device.</summary>
    /// <param name="cancellation">Ends the run between two checks.</param>
    /// <exception cref="DeviceFaultException">Nobody answers there at the start.</exception>
    /// <exception cref="ArgumentException">There is no check of a name that is asked for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ConformReport Run(CancellationToken cancellation)
    {
        var checks = Select();
        var started = Stopwatch.GetTimestamp();
        // A device that is not there at all is no conformance matter.
        connector.Connect().Dispose();
        var results = new List<CheckResult>();
        foreach (var check in checks)
        {
            cancellation.ThrowIfCancellationRequested();
            options.OnCheck?.Invoke(check.Name);
            results.Add(Run(check));
        }

        return new ConformReport(connector.Name, _abilities, options.Stimulus?.Invoke().Name, results, Stopwatch.GetElapsedTime(started));
    }

    private static string? Missing(CheckNeeds needs, DeviceAbilities abilities, IStimulus? stimulus)
    {
        bool Needs(CheckNeeds need) => (needs & need) == need;
        return (needs, abilities) switch
        {
            _ when Needs(CheckNeeds.Migration) && (abilities.Migration & VfioMigrationFlags.StopCopy) == 0 => "the device does not migrate",
            _ when Needs(CheckNeeds.PreCopy) && (abilities.Migration & VfioMigrationFlags.PreCopy) == 0 => "the device has no PRE_COPY",
            _ when Needs(CheckNeeds.P2P) && (abilities.Migration & VfioMigrationFlags.P2P) == 0 => "the device has no P2P states",
            _ when Needs(CheckNeeds.Reset) && !abilities.CanReset => "the device can't be reset",
            _ when Needs(CheckNeeds.Log) && !abilities.LogsDma => "the device has no DMA log",
            _ when Needs(CheckNeeds.ExactLog) && abilities.LogPrecision != TrackingPrecision.Exact => "the log is of what is pinned for write, not of what is written",
            _ when Needs(CheckNeeds.Stimulus) && stimulus is null => "nothing makes the device write; a stimulus is needed",
            _ when Needs(CheckNeeds.PeerStimulus) && !stimulus!.ReachesPeers => "nothing makes the device write to another device",
            _ => null,
        };
    }

    private static string DescribeRefusal(TracedDevice device, CommandRefusedException e) =>
        FormattableString.Invariant($"{device.LastRefused} was refused with errno {e.Errno}, and must be accepted");

    private IReadOnlyList<ICheck> Select()
    {
        if (options.Only is not { } only)
        {
            return CheckList.Checks;
        }

        var unknown = only.FirstOrDefault(name => CheckList.Checks.All(check => check.Name != name));
        return unknown is null
            ? [.. CheckList.Checks.Where(check => only.Contains(check.Name))]
            : throw new ArgumentException($"No check is named '{unknown}'.", nameof(options));
    }

    private CheckResult Run(ICheck check)
    {
        var started = Stopwatch.GetTimestamp();
        var trace = new CommandTrace();
        var (outcome, detail) = _lost is null ? Run(check, trace) : (CheckOutcome.NotRun, _lost);
        return new CheckResult(
            check.Name, check.Rule, check.Source, outcome, detail, Stopwatch.GetElapsedTime(started), outcome == CheckOutcome.Failed ? trace.Lines() : []);
    }

    private (CheckOutcome Outcome, string? Detail) Run(ICheck check, CommandTrace trace)
    {
        IDeviceUnderTest connection;
        try
        {
            connection = connector.Connect();
        }
        catch (DeviceFaultException e)
        {
            _lost = $"the device was lost before: {e.Message}{Known()}";
            return (CheckOutcome.NotRun, _lost);
        }

        using var memory = new MachineMemory();
        using var device = new TracedDevice(connection, trace, options.CheckTime);
        try
        {
            trace.Add($"connect to {connector.Name}");
            _abilities ??= device.AskAbilities();
            memory.MapFor(device);
            return Run(check, device, memory, _abilities);
        }
        catch (CheckFailedException e)
        {
            return (CheckOutcome.Failed, e.Message);
        }
        catch (NotApplicableException e)
        {
            return (CheckOutcome.NotApplicable, e.Message);
        }
        catch (CommandRefusedException e)
        {
            return (CheckOutcome.Failed, DescribeRefusal(device, e));
        }
        catch (DeviceFaultException e)
        {
            return (CheckOutcome.Failed, Describe(e));
        }
    }

    private (CheckOutcome Outcome, string? Detail) Run(ICheck check, TracedDevice device, MachineMemory memory, DeviceAbilities abilities)
    {
        var stimulus = options.Stimulus?.Invoke();
        if (Missing(check.Needs, abilities, stimulus) is { } missing)
        {
            return (CheckOutcome.NotApplicable, missing);
        }

        return (CheckOutcome.Passed, check.Run(new CheckContext(device, memory, stimulus, abilities, options)));
    }

    private string Describe(DeviceFaultException e) => e.Fault switch
    {
        DeviceFault.Gone => $"the device has gone: {e.Message}{Known()}",
        DeviceFault.Silent => $"the device does not answer: {e.Message}",
        _ => $"the answer is malformed: {e.Message}",
    };

    private string Known() => connector.DescribeLoss() is { } loss ? $" {loss}" : "";
}
