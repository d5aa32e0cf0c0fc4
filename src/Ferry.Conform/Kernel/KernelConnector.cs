using Ferry.Linux.Vfio;

namespace Ferry.Conform.Kernel;

/// <summary>A device of a kernel VFIO driver: a PCI device, or a mediated one.</summary>
public sealed class KernelConnector : IDeviceConnector
{
    private readonly Func<IKernelCalls> _open;
    private readonly TimeSpan _answerTime;

    /// <summary>Says which.</summary>
    /// <param name="name">A PCI address such as <c>0000:01:00.0</c>, or a mediated device's UUID, as <see cref="VfioSysfs.TryParseName"/> gives it.</param>
    /// <param name="access">How it is opened.</param>
    /// <param name="answerTime">How long a call may take.</param>
    public KernelConnector(string name, KernelAccess access, TimeSpan answerTime)
        : this(name, () => KernelOpener.Open(name, access), answerTime)
    {
    }

    internal KernelConnector(string name, Func<IKernelCalls> open, TimeSpan answerTime) => (Name, _open, _answerTime) = (name, open, answerTime);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IDeviceUnderTest Connect()
    {
        var target = new KernelTarget(_open, _answerTime);
        try
        {
            var abilities = target.AskAbilities();
            return abilities.Migration != VfioMigrationFlags.None || abilities.LogsDma
                ? target
                : throw new DeviceFaultException(
                    DeviceFault.Unreachable,
                    $"{Name} has neither migration nor a DMA log: they come with a driver for this very device (a variant driver, for instance mlx5_vfio_pci); "
                        + "vfio-pci alone has none. Bind it to that driver.");
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string? DescribeLoss() => null;
}
