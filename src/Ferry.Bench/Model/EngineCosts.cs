namespace Ferry.Bench.Model;

/// <summary>What the engine itself takes on this host, whatever is tracked.</summary>
public sealed record EngineCosts
{
    /// <summary>Guest bytes that one channel copies a second into memory that is present, where the link is no limit.</summary>
    public required double CopyBytesPerSecond { get; init; }

    /// <summary>What all channels together copy at most.</summary>
    public required double MostCopyBytesPerSecond { get; init; }

    /// <summary>What the destination makes present a second, which bounds the first round; infinite where it is present before.</summary>
    public double PopulateBytesPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>What a channel looks through a second of pages that are present and zero.</summary>
    public double ZeroBytesPerSecond { get; init; } = 8e9;

    /// <summary>What a copy takes beside its bytes: turns of threads and of the link's two sides.</summary>
    public double CopySeconds { get; init; }

    /// <summary>What the first round takes beside its copy and the reports: setting apart what was never touched, and what devices say at first.</summary>
    public double FirstRoundSeconds { get; init; }

    /// <summary>What each later round takes beside them: the devices' pre-copy data.</summary>
    public double RoundSeconds { get; init; }

    /// <summary>What the switchover takes beside bytes, reports and devices: pausing, vCPU state, preparing, starting there.</summary>
    public double SwitchoverSeconds { get; init; }

    /// <summary>What each device adds to the switchover by its arcs and its state's way.</summary>
    public double DeviceSeconds { get; init; }

    /// <summary>What a round's sync takes more for each device that enters a P2P state for it; the device is silent for so long.</summary>
    public double P2PSeconds { get; init; }

    /// <summary>What hashing takes beside its bytes, in seconds; it is part of the downtime where asked for.</summary>
    public double VerifySeconds { get; init; }

    /// <summary>What is hashed a second, in bytes of memory that is present.</summary>
    public double VerifyBytesPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>The part of their work that guest and devices still do while the first round runs; 0 to 1.</summary>
    /// <remarks>Less than 1 where the migration's threads, the guest's and the devices' are more than the host has processors.</remarks>
    public double WorkPartInFirstRound { get; init; } = 1;

    /// <summary>The same for later rounds.</summary>
    public double WorkPart { get; init; } = 1;

    /// <summary>Processor time of both sides for a byte that is copied, in seconds.</summary>
    public double CpuSecondsPerByte { get; init; }

    /// <summary>Processor time of both sides for a migration that copies nothing, in seconds.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>The compressions; none is always among them.</summary>
    public IReadOnlyList<CodecCosts> Codecs { get; init; } = [CodecCosts.None];

    /// <summary>How far the figures may be off, as a part of them.</summary>
    public double RelativeError { get; init; }
}
