using Ferry.Bench.Validation;
using Ferry.Linux.Vfio;

namespace Ferry.Bench.Measuring;

/// <summary>What a bench is made with: devices as processes, and whole migrations. Whoever runs the bench has them.</summary>
internal interface IBenchParts
{
    /// <summary>Starts a device, or takes the one that is to be measured.</summary>
    /// <param name="messageBytes">The bytes of its messages; a device that is there already has its own.</param>
    /// <param name="bytesPerSecond">Its rate; null for as fast as it can.</param>
    /// <exception cref="IOException">It could not be started.</exception>
    IBenchDevice StartDevice(ulong messageBytes, ulong? bytesPerSecond);

    /// <summary>The kernel VFIO device that is measured instead; null where it is a vfio-user device.</summary>
    VfioPlace? KernelDevice { get; }

    /// <summary>Carries out a whole migration between processes, and verifies it.</summary>
    /// <exception cref="IOException">It failed, and nothing moved; the message says why.</exception>
    /// <exception cref="InvalidDataException">The machine that was moved is not what it was.</exception>
    MigrationSample Migrate(MigrationCase migration, CancellationToken cancellation);
}
