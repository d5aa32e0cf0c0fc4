using Ferry.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>A device with memory mapped for it, and all its trackers.</summary>
internal interface IDeviceSession : IDisposable
{
    /// <summary>The trackers that it has; one is started at a time.</summary>
    IReadOnlyList<IDirtyTracker> Trackers { get; }

    /// <summary>What makes it write; null where nothing here can.</summary>
    RnicDriver? Driver { get; }

    /// <summary>Whether it has P2P states.</summary>
    bool HasP2P { get; }

    /// <summary>Takes it into its P2P state, or back.</summary>
    void SetP2P(bool isOn);

    /// <summary>How it was lost; null where it is there.</summary>
    string? DescribeLoss();
}
