namespace Ferry.Simulation.Tests.Running;

/// <summary>A rule that is broken on purpose, to show that the simulator finds it.</summary>
internal enum Mutation
{
    None,
    TrackerForgetsOnePage,
    TrackerFailsSilently,
    TrackerNeverStops,
    DeviceForgetsLastWrites,
    SyncBeforeDevicesStop,
    NoFinalSync,
    NoFinalCopy,
    VcpusRunDuringFinalSync,
    TrackerStartsAfterFirstCopy,
    TrackerStopsBeforeFinalSync,
    CommitBeforePrepare,
    NoVcpuState,
    NoDeviceState,
    StartsBeforeCommit,
    VcpusRunBeforeDevices,
    DevicesStopInReverse,
    DevicesStartInReverse,
}
