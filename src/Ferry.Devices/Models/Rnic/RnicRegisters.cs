using System.Buffers.Binary;

namespace Ferry.Devices.Models;

/// <summary>The registers of region 0. Written by the thread that serves the device, read by the worker; its faults come from the worker.</summary>
/// <remarks>Accesses are made of aligned 4-byte words; any other write is ignored. What has to be set before enable can't be changed
/// while enabled. Source: docs/rnic.md.</remarks>
internal sealed class RnicRegisters(int messageBytes)
{
    public const int RegionBytes = 4096;
    public const uint Id = 0x43494E52;
    public const uint Version = 1;

    private const int Control = 0x10;
    private const int StrideBytes = 0x14;
    private const int RxBase = 0x18;
    private const int RxEntries = 0x20;
    private const int CqBase = 0x28;
    private const int CqEntries = 0x30;
    private const int PeerBase = 0x58;
    private const int EndOfRegisters = 0x68;

    private volatile bool _isEnabled;
    private volatile RnicFaults _faults;

    /// <summary>What the guest set.</summary>
    public RnicSetup Setup;

    public bool IsEnabled => _isEnabled;

    public RnicFaults Faults => _faults;

    /// <summary>Whether messages are to be sent.</summary>
    public bool IsActive => _isEnabled && _faults == RnicFaults.None;

    public void Fail(RnicFaults faults) => _faults = faults;

    public void Restore(in RnicSetup setup, bool isEnabled, RnicFaults faults) => (Setup, _isEnabled, _faults) = (setup, isEnabled, faults);

    public void Reset() => Restore(default, isEnabled: false, RnicFaults.None);

    public void Read(ulong offset, Span<byte> data, RnicQueue queue, RnicMailbox mailbox)
    {
        Span<byte> image = stackalloc byte[EndOfRegisters];
        image.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(image, Id);
        BinaryPrimitives.WriteUInt32LittleEndian(image[0x04..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(image[0x08..], messageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(image[0x0C..], (_isEnabled ? 1U : 0) | ((uint)_faults << 1));
        BinaryPrimitives.WriteUInt32LittleEndian(image[Control..], _isEnabled ? 1U : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(image[StrideBytes..], Setup.StrideBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(image[RxBase..], Setup.RxBase);
        BinaryPrimitives.WriteUInt32LittleEndian(image[RxEntries..], Setup.RxEntries);
        BinaryPrimitives.WriteUInt64LittleEndian(image[CqBase..], Setup.CqBase);
        BinaryPrimitives.WriteUInt32LittleEndian(image[CqEntries..], Setup.CqEntries);
        var sent = queue.Sent;
        BinaryPrimitives.WriteUInt64LittleEndian(image[0x40..], sent);
        BinaryPrimitives.WriteUInt64LittleEndian(image[0x48..], unchecked(sent * (ulong)messageBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(image[0x50..], queue.Stalls);
        BinaryPrimitives.WriteUInt64LittleEndian(image[PeerBase..], Setup.PeerBase);
        BinaryPrimitives.WriteUInt64LittleEndian(image[0x60..], mailbox.Last);
        data.Clear();
        if (offset < EndOfRegisters)
        {
            var length = Math.Min(data.Length, EndOfRegisters - (int)offset);
            image.Slice((int)offset, length).CopyTo(data);
        }
    }

    /// <summary>Writes words and gives the last one for CONTROL, which is the caller's to obey; null where it was not among them.</summary>
    public uint? Write(ulong offset, ReadOnlySpan<byte> data)
    {
        uint? control = null;
        if (offset % 4 == 0 && data.Length % 4 == 0)
        {
            for (; !data.IsEmpty && offset < EndOfRegisters; offset += 4, data = data[4..])
            {
                var value = BinaryPrimitives.ReadUInt32LittleEndian(data);
                if (offset == Control)
                {
                    control = value;
                }
                else if (!_isEnabled)
                {
                    WriteSetup((int)offset, value);
                }
            }
        }

        return control;
    }

    /// <summary>Enables where what is set can be used and nothing failed, else fails; or disables.</summary>
    public void Enable(bool isEnabled, in RnicIndices indices)
    {
        if (isEnabled && !_isEnabled && !(Setup.IsUsable && indices.AreWithin(Setup)))
        {
            Fail(RnicFaults.Unusable);
        }

        _isEnabled = isEnabled && _faults == RnicFaults.None;
    }

    private void WriteSetup(int offset, uint value)
    {
        switch (offset)
        {
            case StrideBytes: Setup.StrideBytes = value; break;
            case RxBase: Setup.RxBase = WithLow(Setup.RxBase, value); break;
            case RxBase + 4: Setup.RxBase = WithHigh(Setup.RxBase, value); break;
            case RxEntries: Setup.RxEntries = value; break;
            case CqBase: Setup.CqBase = WithLow(Setup.CqBase, value); break;
            case CqBase + 4: Setup.CqBase = WithHigh(Setup.CqBase, value); break;
            case CqEntries: Setup.CqEntries = value; break;
            case PeerBase: Setup.PeerBase = WithLow(Setup.PeerBase, value); break;
            case PeerBase + 4: Setup.PeerBase = WithHigh(Setup.PeerBase, value); break;
            default: break;
        }
    }

    private static ulong WithLow(ulong whole, uint low) => (whole & 0xFFFFFFFF_00000000) | low;

    private static ulong WithHigh(ulong whole, uint high) => (uint)whole | ((ulong)high << 32);
}
