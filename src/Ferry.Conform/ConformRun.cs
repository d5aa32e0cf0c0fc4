using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Ferry.Conform.Checks;
using Ferry.Conform.Stimuli;
using Ferry.Conform.Tracing;
using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Conform;

/// <summary>Runs the checks on one device, one after the other, on one connection as long as that lasts.</summary>
/// <param name="connector">Reaches the device.</param>
/// <param name="options">What is checked, and how long.</param>
public sealed class ConformRun(IDeviceConnector connector, ConformOptions options)
{
    private DeviceAbilities? _abilities;
    private DeviceSession? _session;
    private string? _lost;

    /// <summary>Checks the device.</summary>
    /// <param name="cancellation">Ends the run between two checks.</param>
    /// <exception cref="DeviceFaultException">Nobody answers there at the start, or what is needed to reach the device is missing.</exception>
    /// <exception cref="ArgumentException">There is no check of a name that is asked for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ConformReport Run(CancellationToken cancellation)
    {
        var checks = Select();
        var started = Stopwatch.GetTimestamp();
        var results = new List<CheckResult>();
        try
        {
            // A device that is not there at all is no conformance matter.
            _session = DeviceSession.Open(connector, options.MemoryBytes);
            foreach (var check in checks)
            {
                cancellation.ThrowIfCancellationRequested();
                options.OnCheck?.Invoke(check.Name);
                results.Add(Run(check));
            }
        }
        finally
        {
            Close();
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
            _ when Needs(CheckNeeds.Sessions) && !abilities.TellsSessions => "the interface has no files of data sessions",
            _ when Needs(CheckNeeds.PreCopyInfo) && !abilities.TellsPreCopy => "the interface has no VFIO_MIG_GET_PRECOPY_INFO",
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
        var (outcome, detail, commands) = RunWhereConnected(check, mayReconnect: true);
        return new CheckResult(
            check.Name, check.Rule, check.Source, outcome, detail, Stopwatch.GetElapsedTime(started), outcome == CheckOutcome.Failed ? commands : []);
    }

    private (CheckOutcome Outcome, string? Detail, IReadOnlyList<string> Commands) RunWhereConnected(ICheck check, bool mayReconnect)
    {
        if (_lost is not null || !TryConnect(out var session))
        {
            return (CheckOutcome.NotRun, _lost, []);
        }

        try
        {
            var (outcome, detail) = Run(check, session);
            return (outcome, detail, session.Trace.Lines());
        }
        catch (UnusableException e)
        {
            // Perhaps the next connection finds it as new.
            var commands = session.Trace.Lines();
            Close();
            return mayReconnect ? RunWhereConnected(check, mayReconnect: false) : (CheckOutcome.Failed, e.Message, commands);
        }
    }

    private bool TryConnect([NotNullWhen(true)] out DeviceSession? session)
    {
        try
        {
            session = _session ??= DeviceSession.Open(connector, options.MemoryBytes);
            return true;
        }
        catch (DeviceFaultException e)
        {
            _lost = $"the device was lost before: {e.Message}";
            session = null;
            return false;
        }
    }

    private (CheckOutcome Outcome, string? Detail) Run(ICheck check, DeviceSession session)
    {
        using var device = session.ForCheck(options.CheckTime);
        try
        {
            _abilities = session.SetUp(device);
            session.Trace.EndSetup();
            return Run(check, device, session.Memory, _abilities);
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
        catch (DeviceFaultException e) when (e.Fault != DeviceFault.Unreachable)
        {
            var description = Describe(e);
            if (e.Fault != DeviceFault.Malformed)
            {
                Close();
            }

            return (CheckOutcome.Failed, description);
        }
    }

    private void Close()
    {
        _session?.Dispose();
        _session = null;
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

    // A device that is known to have ended is not asked again, though another could be started in its place.
    private string Describe(DeviceFaultException e)
    {
        if (e.Fault != DeviceFault.Gone)
        {
            return e.Fault == DeviceFault.Silent ? $"the device does not answer: {e.Message}" : $"the answer is malformed: {e.Message}";
        }

        var end = connector.DescribeLoss();
        _lost = end is null ? null : "the device was lost before: its process ended";
        return $"the device has gone: {e.Message} {end}".TrimEnd();
    }
}
