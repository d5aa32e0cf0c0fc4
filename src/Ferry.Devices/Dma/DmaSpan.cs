using Ferry.Memory;

namespace Ferry.Devices.Dma;

/// <summary>Guest memory that a device has in its hands: while it holds it, nothing is unmapped; what it wrote is logged when it lets go.</summary>
/// <remarks>Hold it briefly and let go of it before anything that can wait. The guest writes the same bytes at any time, so read each
/// once.</remarks>
public ref struct DmaSpan : IDisposable
{
    private readonly Iova _start;
    private readonly bool _isWrite;
    private DmaWindows? _windows;

    internal DmaSpan(DmaWindows windows, Iova start, Span<byte> bytes, bool isWrite)
    {
        (_windows, _start, _isWrite) = (windows, start, isWrite);
        Bytes = bytes;
    }

    /// <summary>The bytes.</summary>
    public Span<byte> Bytes { get; private set; }

    /// <summary>Lets go: marks all of it as written where it was taken for writing.</summary>
    public void Dispose()
    {
        var windows = _windows;
        if (windows is not null)
        {
            windows.Release(_start, Bytes.Length, _isWrite);
            _windows = null;
            Bytes = default;
        }
    }
}
