using System.Diagnostics;
using System.Globalization;
using Ferry.Conform.Stimuli;
using Ferry.Conform.Tracing;
using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks;

/// <summary>What a check works with: the device, the machine's memory, and what drives the device.</summary>
internal sealed partial class CheckContext(TracedDevice device, MachineMemory memory, IStimulus? stimulus, DeviceAbilities abilities, ConformOptions options)
{
    private static readonly VfioDeviceState[] AllStates =
    [
        VfioDeviceState.Running, VfioDeviceState.RunningP2P, VfioDeviceState.Stop, VfioDeviceState.PreCopy, VfioDeviceState.PreCopyP2P,
        VfioDeviceState.StopCopy, VfioDeviceState.Resuming,
    ];

    private bool _hasBegun;

    public TracedDevice Device { get; } = device;

    public MachineMemory Memory { get; } = memory;

    public DeviceAbilities Abilities { get; } = abilities;

    public bool Migrates => (Abilities.Migration & VfioMigrationFlags.StopCopy) != 0;

    public bool HasPreCopy => (Abilities.Migration & VfioMigrationFlags.PreCopy) != 0;

    public bool HasP2P => (Abilities.Migration & VfioMigrationFlags.P2P) != 0;

    public bool HasStimulus => stimulus is not null;

    /// <summary>Whether a log reports pages only because they were written.</summary>
    public bool HasExactLog => Abilities.LogPrecision == Tracking.TrackingPrecision.Exact;

    /// <summary>The states that the device has, without ERROR.</summary>
    public IReadOnlyList<VfioDeviceState> States => [.. AllStates.Where(state => VfioStateArcs.IsSupported(state, Abilities.Migration))];

    private IStimulus Stimulus => stimulus ?? throw new NotApplicableException("nothing makes the device write");

    /// <summary>Ends the check as failed.</summary>
    public static CheckFailedException Fail(string why) => new(why);

    /// <summary>Ends the check as failed where <paramref name="holds"/> is false.</summary>
    public static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw Fail(why);
        }
    }

    /// <summary>Begins a scenario with a device that is as new. A reset that is refused or does not lead to RUNNING is the reset check's
    /// matter, as long as the device comes to RUNNING.</summary>
    /// <exception cref="UnusableException">It does not, at the begin of this check.</exception>
    public void Begin(string scenario)
    {
        Device.Trace.Begin();
        Device.Trace.Note(scenario);
        try
        {
            if (MakeAsNew())
            {
                Device.Trace.ForgetBefore();
            }
        }
        catch (CommandRefusedException e) when (!_hasBegun)
        {
            throw new UnusableException($"the device was left so that {Device.LastRefused} was refused with errno {e.Errno.ToString(CultureInfo.InvariantCulture)}");
        }

        _hasBegun = true;
    }

    /// <summary>Goes to a state and looks whether the device is there.</summary>
    public void Go(VfioDeviceState next)
    {
        Device.SetState(next);
        RequireState(next);
    }

    /// <summary>Goes to a state where the device takes the way; where it does not, arcs and combinations tell about that.</summary>
    /// <param name="next">The state.</param>
    /// <param name="hasOpened">Whether that opened a data session; null where the interface does not tell.</param>
    public bool TryGo(VfioDeviceState next, out bool? hasOpened)
    {
        bool? opened = null;
        var isRefused = IsRefused(() => opened = Device.SetState(next));
        hasOpened = opened;
        if (isRefused)
        {
            return false;
        }

        RequireState(next);
        return true;
    }

    /// <summary>Goes to a state by single arcs, from RUNNING.</summary>
    public void Reach(VfioDeviceState state)
    {
        VfioStateArcs.TryGetPath(VfioDeviceState.Running, state, Abilities.Migration, out var path);
        foreach (var step in path)
        {
            Go(step);
        }
    }

    /// <summary>Fails where the device is in another state.</summary>
    public void RequireState(VfioDeviceState expected)
    {
        var state = Device.GetState();
        Require(state == expected, $"the device is in {VfioMigrationNames.Of(state)} and not in {VfioMigrationNames.Of(expected)}");
    }

    /// <summary>Does what the device has to refuse.</summary>
    /// <returns>Whether it did.</returns>
    public static bool IsRefused(Action command)
    {
        try
        {
            command();
            return false;
        }
        catch (CommandRefusedException)
        {
            return true;
        }
    }

    /// <summary>Watches memory for a while, against the copy that was taken.</summary>
    public void Watch() => Thread.Sleep(options.WatchTime);

    // Whether nothing is left of what was before.
    private bool MakeAsNew()
    {
        if (Device.IsLogging)
        {
            Device.StopDmaLog();
        }

        var isReset = Abilities.CanReset && !IsRefused(Device.Reset);
        if (Migrates && Device.GetState() != VfioDeviceState.Running)
        {
            Device.SetState(VfioDeviceState.Running);
            isReset = false;
        }

        return isReset || (Abilities.CanReset && !IsRefused(Device.Reset) && (!Migrates || Device.GetState() == VfioDeviceState.Running));
    }

    private void WaitForWork(Func<bool> isDone, Func<string> describe)
    {
        var (started, last) = (Stopwatch.GetTimestamp(), Stimulus.CountOutstanding());
        while (!isDone())
        {
            Device.Admit("the work was done");
            var outstanding = Stimulus.CountOutstanding();
            if (outstanding != last)
            {
                (started, last) = (Stopwatch.GetTimestamp(), outstanding);
            }

            Require(Stopwatch.GetElapsedTime(started) < options.WorkTime, describe());
            Thread.Sleep(1);
        }
    }
}
