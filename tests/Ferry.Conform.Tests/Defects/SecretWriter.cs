using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Writes memory all the time while it is in one of certain states, beside what the device does.</summary>
internal sealed class SecretWriter : DeviceWrapper
{
    private const ulong Unused = 1 << 20;
    private const ulong LargestPeerBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly Thread _writer;
    private readonly bool _toPeer;
    private readonly VfioDeviceState[] _states;
    private readonly VfioDeviceState? _from;
    private volatile bool _isDue = true;
    private MappedMemory? _memory;
    private volatile bool _isDisposed;
    private byte _next;

    /// <summary>Writes the window of another device, which is the smallest that is mapped, or memory that nobody else uses.</summary>
    public SecretWriter(IVfioUserDevice inner, bool toPeer, params VfioDeviceState[] states)
        : this(inner, toPeer, null, states)
    {
    }

    /// <summary>The same, but only where it came from one state, if that is given.</summary>
    public SecretWriter(IVfioUserDevice inner, bool toPeer, VfioDeviceState? from, params VfioDeviceState[] states)
        : base(inner)
    {
        (_toPeer, _from, _states) = (toPeer, from, states);
        _writer = new Thread(Write) { IsBackground = true };
        _writer.Start();
    }

    public override void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        if (_toPeer == range.LengthBytes <= LargestPeerBytes)
        {
            lock (_gate)
            {
                _memory = MappedMemory.MapShared(file!, fileOffset, range.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
            }
        }

        base.DmaMap(range, fileOffset, read, write, file);
    }

    public override void SetState(VfioDeviceState next)
    {
        _isDue = _from is null || _from == State;
        base.SetState(next);
    }

    public override void DmaUnmapAll()
    {
        lock (_gate)
        {
            _memory?.Dispose();
            _memory = null;
        }

        base.DmaUnmapAll();
    }

    public override void Dispose()
    {
        _isDisposed = true;
        _writer.Join();
        _memory?.Dispose();
        base.Dispose();
    }

    private void Write()
    {
        for (; !_isDisposed; Thread.Sleep(1))
        {
            lock (_gate)
            {
                if (_memory is not null && _isDue && _states.Contains(State))
                {
                    _memory.GetSpan(_toPeer ? 0 : Unused, 1)[0] = ++_next;
                }
            }
        }
    }
}
