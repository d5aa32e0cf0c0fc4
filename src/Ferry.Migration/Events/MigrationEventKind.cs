namespace Ferry.Migration.Events;

/// <summary>What happened in a migration.</summary>
public enum MigrationEventKind
{
    /// <summary>It began, or on a destination a source was admitted. <c>Name</c> is the migration's id, the same on both sides;
    /// <c>Detail</c> is the wall clock's time at which <c>At</c> is zero, in the round-trip format "O".</summary>
    Began,

    /// <summary>A step of the plan ended. <c>Name</c> is what it did, <c>Detail</c> the plan's phase, <c>Elapsed</c> its time.</summary>
    Step,

    /// <summary>A sync read a tracker. <c>Name</c> is the tracker, <c>Detail</c> the sources that it sees, <c>Pages</c> the pages of 4 KiB that
    /// were not dirty before it was read, <c>Elapsed</c> the time that reading took.</summary>
    TrackerRead,

    /// <summary>A round ended. <c>Pages</c> is what it had to copy, <c>SentPages</c> and <c>ZeroPages</c> what was sent in it, <c>Bytes</c> what
    /// the destination acknowledged in it, <c>Elapsed</c> its time, <c>BytesPerSecond</c> the bandwidth while it copied.</summary>
    Round,

    /// <summary>A device came into a state. <c>Name</c> is the device, <c>Detail</c> the state.</summary>
    DeviceState,

    /// <summary>It ended. <c>Name</c> is the outcome, <c>Detail</c> the reason or empty, <c>Elapsed</c> the downtime, <c>Pages</c>, <c>SentPages</c>,
    /// <c>ZeroPages</c> and <c>Bytes</c> the sums.</summary>
    Ended,
}
