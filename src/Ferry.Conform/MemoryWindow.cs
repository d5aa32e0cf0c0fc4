using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform;

/// <summary>One shared file of memory, mapped here, with a copy to compare with.</summary>
internal sealed class MemoryWindow : IDisposable
{
    private const int PageBytes = 4096;
    private const ulong PatternFactor = 0x9E3779B97F4A7C15;

    private readonly MemoryFile _file;
    private readonly MappedMemory _memory;
    private readonly byte[] _copy;
    private readonly byte[] _pattern;

    public MemoryWindow(IovaRange range)
    {
        Range = range;
        _copy = new byte[range.LengthBytes];
        _pattern = MakePattern(_copy.Length);
        _file = MemoryFile.Create("ferry-conform", range.LengthBytes);
        try
        {
            _memory = MappedMemory.MapShared(_file.Handle, 0, range.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public IovaRange Range { get; }

    public SafeFileHandle File => _file.Handle;

    public Hva Host => _memory.Address;

    private Span<byte> All => _memory.GetSpan(0, _copy.Length);

    public void Write(Iova address, ReadOnlySpan<byte> data)
    {
        var offset = OffsetOf(address, data.Length);
        data.CopyTo(_copy.AsSpan((int)offset));
        data.CopyTo(_memory.GetSpan(offset, data.Length));
    }

    public void Read(Iova address, Span<byte> data) => _memory.GetSpan(OffsetOf(address, data.Length), data.Length).CopyTo(data);

    public void Fill()
    {
        _pattern.CopyTo(_copy, 0);
        _pattern.CopyTo(All);
    }

    public void Remember() => All.CopyTo(_copy);

    /// <summary>The pages that differ from the copy.</summary>
    public DirtyBitmap Changed()
    {
        var changed = new DirtyBitmap(Range, PageSize.Size4K);
        var now = All;
        var before = _copy.AsSpan();
        for (var page = 0; page < _copy.Length / PageBytes; page++)
        {
            if (!now.Slice(page * PageBytes, PageBytes).SequenceEqual(before.Slice(page * PageBytes, PageBytes)))
            {
                changed.SetPages((ulong)page, 1);
            }
        }

        return changed;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    private static byte[] MakePattern(int bytes)
    {
        var pattern = new byte[bytes];
        var words = MemoryMarshal.Cast<byte, ulong>(pattern.AsSpan());
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = unchecked(((ulong)i + 1) * PatternFactor);
        }

        return pattern;
    }

    private ulong OffsetOf(Iova address, int lengthBytes) =>
        lengthBytes == 0 || Range.Contains(new(address, (ulong)lengthBytes))
            ? address.Value - Range.Start.Value
            : throw new ArgumentOutOfRangeException(nameof(address), address, $"{lengthBytes} bytes from there are not within {Range}.");
}
