using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Migration.Execution;

/// <summary>The peak of this process's resident memory that is not shared, which is where guest memory is.</summary>
/// <remarks>Sampling allocates nothing. Source: proc_pid_status(5), RssAnon and RssFile.</remarks>
internal sealed class ResidentMemory : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly SafeFileHandle _status = File.OpenHandle("/proc/self/status");
    private readonly byte[] _text = new byte[4096];
    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private bool _disposed;

    internal ResidentMemory() => _timer = new Timer(static self => ((ResidentMemory)self!).Sample(), this, TimeSpan.Zero, Interval);

    private ulong PeakBytes { get; set; }

    /// <summary>The peak in bytes, up to now or to the disposal.</summary>
    internal ulong SampledPeakBytes()
    {
        Sample();
        return PeakBytes;
    }

    private void Sample()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                var text = _text.AsSpan(0, RandomAccess.Read(_status, _text, 0));
                PeakBytes = Math.Max(PeakBytes, Field(text, "RssAnon:"u8) + Field(text, "RssFile:"u8));
            }
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _status.Dispose();
        }
    }

    private static ulong Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        var at = text.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(text[(at + name.Length)..].TrimStart(" \t"u8), out ulong kibibytes, out _) ? kibibytes << 10 : 0;
    }
}
