using Ferry.Linux.Vfio;

namespace Ferry.Lab.Devices;

/// <summary>A serial port that the kernel's sample driver makes up, opened by its own file: it migrates, with every optional state.</summary>
internal sealed class MttyDevice : IDisposable
{
    private const int Scratch = 7;
    private readonly BoundDevice _bound;
    private readonly VfioRegion _port;

    /// <summary>Opens one.</summary>
    /// <param name="path">Its file.</param>
    public MttyDevice(string path)
    {
        _bound = new BoundDevice(path);
        _port = Device.GetRegion(0);
    }

    /// <summary>The device.</summary>
    public VfioDevice Device => _bound.Device;

    /// <summary>A byte that the device keeps and takes along.</summary>
    public byte ScratchByte
    {
        get
        {
            Span<byte> value = stackalloc byte[1];
            Device.Read(_port, Scratch, value);
            return value[0];
        }
        set => Device.Write(_port, Scratch, [value]);
    }

    /// <inheritdoc/>
    public void Dispose() => _bound.Dispose();
}
