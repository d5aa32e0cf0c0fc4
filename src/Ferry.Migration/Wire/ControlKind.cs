namespace Ferry.Migration.Wire;

/// <summary>What a control frame says. Below 32 the source speaks, from 32 on the destination.</summary>
internal enum ControlKind : ushort
{
    /// <summary>The machine, as JSON.</summary>
    Describe = 1,

    /// <summary>State bytes of a device: u32 its index, bytes.</summary>
    DeviceData = 2,

    /// <summary>A device's state is complete: u32 its index, u64 bytes in all, u64 hash of all frames.</summary>
    DeviceEnd = 3,

    /// <summary>Bytes of the vCPUs' state.</summary>
    VcpuData = 4,

    /// <summary>The vCPUs' state is complete: u64 bytes in all, u64 hash of all frames.</summary>
    VcpuEnd = 5,

    /// <summary>The vCPUs are paused; the destination's clock of the downtime starts.</summary>
    Paused = 6,

    /// <summary>Hash all memory now.</summary>
    Verify = 7,

    /// <summary>Check that the whole machine is there: u8 whether memory was verified, u64 the source's hash of it.</summary>
    Prepare = 8,

    /// <summary>The machine is yours.</summary>
    Commit = 9,

    /// <summary>The source keeps the machine: text.</summary>
    Abort = 10,

    /// <summary>The source knows that the destination runs; there is nothing more to say.</summary>
    Done = 11,

    /// <summary>Bytes of what can be loaded before the vCPUs stop, as it is now.</summary>
    AheadData = 12,

    /// <summary>That is complete, and may come again: u64 bytes in all, u64 hash of all frames.</summary>
    AheadEnd = 13,

    /// <summary>The machine can be taken: u128 token.</summary>
    Accept = 32,

    /// <summary>It can't: text.</summary>
    Refuse = 33,

    /// <summary>Still at work: u64 bytes populated so far.</summary>
    Busy = 34,

    /// <summary>Pages may come: u64 units of 100 ns spent on populating.</summary>
    Ready = 35,

    /// <summary>A channel has taken all of a round: u16 channel, u32 round, u64 bytes so far.</summary>
    RoundAck = 36,

    /// <summary>The hash of all memory: u64, then u64 for each group of stripes.</summary>
    VerifyResult = 37,

    /// <summary>The whole machine is here and nothing of it runs.</summary>
    Prepared = 38,

    /// <summary>It runs here: the destination's account.</summary>
    Running = 39,

    /// <summary>The destination gave up: u8 failure kind, text.</summary>
    Failed = 40,

    /// <summary>What became of a migration: u8 <see cref="SettleState"/>, text.</summary>
    State = 41,
}
