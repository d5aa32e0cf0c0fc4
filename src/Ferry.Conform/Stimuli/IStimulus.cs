namespace Ferry.Conform.Stimuli;

/// <summary>A driver for one kind of device: makes it write memory by DMA.</summary>
/// <remarks>It knows the device's registers and nothing of migration. Called by one thread. What it can't do with the device is a
/// <see cref="StimulusException"/>.</remarks>
public interface IStimulus
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>Whether it can make the device write another device's region.</summary>
    bool ReachesPeers { get; }

    /// <summary>The index whose interrupt 0 is raised by work that is done; null where none is.</summary>
    int? InterruptIndex { get; }

    /// <summary>Sets a device up that was just reset, in RUNNING.</summary>
    /// <param name="device">The device.</param>
    /// <param name="memory">What it may write; mapped already.</param>
    /// <param name="toPeer">Whether each piece of work is to write <see cref="MachineMemory.Peer"/> too.</param>
    void Begin(IDeviceUnderTest device, MachineMemory memory, bool toPeer);

    /// <summary>Gives the device work, each piece of which makes it write memory, after taking back what is done.</summary>
    /// <returns>How many pieces there was room for; at most <paramref name="pieces"/>.</returns>
    int Give(int pieces);

    /// <summary>Counts the pieces that the device has not finished, from memory alone: the device is not touched.</summary>
    int CountOutstanding();
}
