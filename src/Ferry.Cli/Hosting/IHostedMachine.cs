using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.MachineFiles;
using Ferry.Migration.Contracts;

namespace Ferry.Cli.Hosting;

/// <summary>A machine as the process that holds it uses it.</summary>
internal interface IHostedMachine : IDisposable
{
    /// <summary>What the engine moves.</summary>
    IMigratableMachine Machine { get; }

    /// <summary>Why the machine can't go on, or null.</summary>
    string? Failure { get; }

    /// <summary>What the guest program tells of itself. From any thread.</summary>
    GuestStatus ReadGuest();

    /// <summary>Lets the guest program check all its memory. The vCPUs must run.</summary>
    Task<SelfCheckDocument> SelfCheckAsync(CancellationToken cancellation);

    /// <summary>The ids of the devices that a device's DMA reaches.</summary>
    IReadOnlyList<string> ReachOf(string device);

    /// <summary>Whether a device says that something is wrong with it; null where it can't be asked. From any thread.</summary>
    bool? ReadsFault(string device);

    /// <summary>Attaches one more device; not while a migration is under way.</summary>
    /// <returns>Whether a vCPU's program drives it.</returns>
    /// <exception cref="Ferry.Machine.MachineException">The machine can't have it, and goes on as before.</exception>
    /// <exception cref="IOException">It can't be reached. The machine goes on as before.</exception>
    bool Attach(DeviceSettings device);

    /// <summary>What a device of the kernel's is to the machine; null for a vfio-user device. From any thread.</summary>
    KernelStatus? ReadKernel(string device);

    /// <summary>Reads or writes a register of a device. From any thread.</summary>
    /// <exception cref="Ferry.Machine.MachineException">There is no such register, or the device is stopped.</exception>
    /// <exception cref="IOException">The device refused.</exception>
    RegisterDocument AccessRegister(RegisterRequest request);

    /// <summary>What the virtual IOMMU of a device does; null where it is behind none. From any thread.</summary>
    IommuStatus? ReadIommu(string device);

    /// <summary>The trackers for a migration as <paramref name="request"/> asks for it; they stay the machine's.</summary>
    /// <exception cref="Ferry.Tracking.TrackerStartException">The machine has no such tracker.</exception>
    TrackerSelection SelectTrackers(MigrateRequest request);
}
