using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Migration.Planning;

/// <summary>One step of a plan; what it does is data, so that a plan can be printed, checked and simulated.</summary>
public abstract record PlanStep
{
    private PlanStep()
    {
    }

    /// <summary>Starts a tracker.</summary>
    public sealed record StartTracker(PlanTracker What) : PlanStep
    {
        /// <summary>Its name.</summary>
        public string Tracker => What.Name;

        /// <summary>The sources it is started for.</summary>
        public IReadOnlyList<string> Sources => What.Sources;

        /// <summary>The page size it is started at.</summary>
        public PageSize PageSize => What.PageSize;
    }

    /// <summary>Reads and clears all started trackers into the one bitmap.</summary>
    public sealed record Sync : PlanStep;

    /// <summary>Stops a tracker.</summary>
    public sealed record StopTracker(string Tracker) : PlanStep;

    /// <summary>Takes one device from one state to the next.</summary>
    public sealed record DeviceArc(string Device, VfioDeviceState From, VfioDeviceState To) : PlanStep;

    /// <summary>Marks every mapped page dirty.</summary>
    public sealed record MarkAllDirty : PlanStep;

    /// <summary>Copies every dirty page.</summary>
    public sealed record CopyDirty : PlanStep;

    /// <summary>Sends what pre-copy data a device has.</summary>
    public sealed record DevicePreCopy(string Device) : PlanStep;

    /// <summary>Stops the vCPUs.</summary>
    public sealed record PauseVcpus : PlanStep;

    /// <summary>Sends a device's remaining state.</summary>
    public sealed record DeviceStopCopy(string Device) : PlanStep;

    /// <summary>Sends the vCPUs' state.</summary>
    public sealed record SendVcpus : PlanStep;

    /// <summary>Compares hashes of all guest memory.</summary>
    public sealed record Verify : PlanStep;

    /// <summary>Asks the destination whether it holds the whole machine.</summary>
    public sealed record Prepare : PlanStep;

    /// <summary>Gives the machine to the destination: from here on it never runs here again.</summary>
    public sealed record Commit : PlanStep;

    /// <summary>On the destination: loads a device's state.</summary>
    public sealed record LoadDevice(string Device) : PlanStep;

    /// <summary>On the destination: loads the vCPUs' state.</summary>
    public sealed record LoadVcpus : PlanStep;

    /// <summary>Lets the vCPUs run: on the destination at the end, on the source when rolling back.</summary>
    public sealed record ResumeVcpus : PlanStep;
}
