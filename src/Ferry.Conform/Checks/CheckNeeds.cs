namespace Ferry.Conform.Checks;

/// <summary>What a device must have for a check to be about anything.</summary>
[Flags]
internal enum CheckNeeds
{
    None = 0,
    Migration = 1,
    PreCopy = 2 | Migration,
    P2P = 4 | Migration,
    Reset = 8,
    Log = 16,
    ExactLog = 32 | Log,
    Stimulus = 64,
    PeerStimulus = 128 | Stimulus,
    Sessions = 256 | Migration,
    PreCopyInfo = 512 | PreCopy,
}
