using System.Numerics;
using Ferry.Linux;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.Kernel;

/// <summary>A device of a kernel VFIO driver, with its errors as the checks know them.</summary>
/// <remarks>The file of a data session stays open until another session begins, so that what it answers when its session has ended can be
/// seen. Source: linux/vfio.h.</remarks>
internal sealed class KernelTarget : IDeviceUnderTest
{
    // As many as fit one of the kernel's pages.
    private const int LeastLogRanges = 256;
    private const int GuardWords = 8;
    private const int BadFile = 9;
    private const int Invalid = 22;

    private readonly CallThread _thread;
    private readonly IKernelCalls _calls;
    private IKernelSession? _session;
    private byte[] _transfer = [];

    /// <summary>Opens a device.</summary>
    /// <param name="open">Opens it.</param>
    /// <param name="answerTime">How long a call may take.</param>
    /// <exception cref="DeviceFaultException">It can't be opened, or that does not return.</exception>
    public KernelTarget(Func<IKernelCalls> open, TimeSpan answerTime)
    {
        _thread = new CallThread(answerTime);
        try
        {
            _calls = _thread.Run("opening it", open);
        }
        catch
        {
            _thread.Dispose();
            throw;
        }

        (Texts, Opening) = (new KernelTexts(_calls.MapRequest), _calls.Opening);
    }

    public ICommandTexts Texts { get; }

    public IReadOnlyList<string> Opening { get; }

    public DeviceAbilities AskAbilities()
    {
        var abilities = Ask(Texts.AskAbilities, () =>
        {
            var migration = _calls.GetMigrationFlags();
            return new DeviceAbilities(migration, _calls.GetInfo().CanReset)
            {
                LogsDma = _calls.HasDmaLog,
                LogPrecision = TrackingPrecision.Exact,
                LeastLogRanges = LeastLogRanges,
                TellsSessions = true,
                TellsPreCopy = (migration & VfioMigrationFlags.PreCopy) != 0,
            };
        });
        return abilities.CanReset ? abilities : TryReset(abilities);
    }

    public VfioDeviceState GetState() => Ask(Texts.GetState, _calls.GetState);

    public bool? SetState(VfioDeviceState next) => Ask(Texts.SetState(next), () =>
    {
        var opened = _calls.SetState(next);
        if (opened is not null)
        {
            _session?.Dispose();
            _session = opened;
        }

        return opened is not null;
    });

    public ulong? EstimateStopCopyBytes() => Ask(Texts.EstimateStopCopyBytes, _calls.EstimateStopCopyBytes);

    public VfioPreCopyInfo? AskPreCopy() => Ask(Texts.AskPreCopy, () => Session.GetPreCopyInfo());

    public DataRead ReadData(Span<byte> buffer)
    {
        var bytes = Transfer(buffer.Length);
        var read = Ask(Texts.ReadData(buffer.Length), () => Session.Read(bytes.Span));
        bytes.Span[..read.Bytes].CopyTo(buffer);
        return read;
    }

    public void WriteData(ReadOnlySpan<byte> data)
    {
        var bytes = Transfer(data.Length);
        data.CopyTo(bytes.Span);
        Tell(Texts.WriteData(data.Length), () => Session.Write(bytes.Span));
    }

    /// <exception cref="DeviceFaultException">The kernel does not map it, which is not for the device to decide.</exception>
    public void MapDma(IovaRange range, SafeFileHandle file, Hva memory)
    {
        try
        {
            Tell(Texts.MapDma(range), () => _calls.Map(range, memory));
        }
        catch (CommandRefusedException e)
        {
            throw new DeviceFaultException(DeviceFault.Unreachable, $"Memory can't be mapped for the device: {e.Message}", e);
        }
    }

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Ask("DMA_LOGGING_START", () => _calls.StartDmaLog(ranges, pageSize));

    public void StopDmaLog() => Tell(Texts.StopDmaLog, _calls.StopDmaLog);

    public void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap)
    {
        var pages = range.LengthBytes >> pageSize.Shift;
        var words = new ulong[((pages + 63) / 64) + GuardWords];
        Tell(Texts.ReportDmaLog(range, pageSize), () => _calls.ReportDmaLog(range, pageSize, words));
        var beyond = pages % 64 == 0 ? 0 : words[pages / 64] >> (int)(pages % 64);
        var isBeyond = beyond != 0 || words.AsSpan()[^GuardWords..].ContainsAnyExcept(0UL);
        if (isBeyond)
        {
            throw new DeviceFaultException(DeviceFault.Malformed, FormattableString.Invariant($"the bitmap of {pages} pages has pages set beyond them"));
        }

        bitmap.Or(words.AsSpan()[..^GuardWords], range.Start, pageSize, pages);
    }

    public void ReadRegion(int region, ulong offset, Span<byte> data)
    {
        var bytes = Transfer(data.Length);
        Tell(Texts.ReadRegion(region, offset, data.Length), () =>
        {
            RequireRegion(region, offset, bytes.Length);
            _calls.ReadRegion(region, offset, bytes.Span);
        });
        bytes.Span.CopyTo(data);
    }

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        var bytes = data.ToArray();
        Tell(Texts.WriteRegion(region, offset, ""), () =>
        {
            RequireRegion(region, offset, bytes.Length);
            _calls.WriteRegion(region, offset, bytes);
        });
    }

    public void SetInterrupt(int index, EventFile signal) => Tell(Texts.SetInterrupt(index), () => _calls.SetInterrupt(index, signal));

    public void Reset() => Tell(Texts.Reset, _calls.Reset);

    public void Dispose()
    {
        try
        {
            _thread.Run("closing it", () =>
            {
                _session?.Dispose();
                _calls.Dispose();
                return true;
            });
        }
        catch (DeviceFaultException)
        {
            // Who opens it next is told.
        }

        _thread.Dispose();
    }

    private IKernelSession Session => _session ?? throw new CommandRefusedException(BadFile, "no state has opened a data session");

    // A device that migrates must have a reset, for nothing else leads out of ERROR; some have it without saying so.
    private DeviceAbilities TryReset(DeviceAbilities abilities)
    {
        try
        {
            Reset();
            return abilities with { CanReset = true, HidesReset = true };
        }
        catch (CommandRefusedException)
        {
            return abilities;
        }
    }

    private void RequireRegion(int region, ulong offset, int bytes)
    {
        var length = _calls.GetRegionBytes(region);
        if (offset > length || (ulong)bytes > length - offset)
        {
            throw new CommandRefusedException(Invalid, FormattableString.Invariant($"region {region} has {length} bytes, and {bytes} at {offset} were asked for"));
        }
    }

    private Memory<byte> Transfer(int bytes)
    {
        if (_transfer.Length < bytes)
        {
            _transfer = new byte[BitOperations.RoundUpToPowerOf2((uint)bytes)];
        }

        return _transfer.AsMemory(0, bytes);
    }

    private void Tell(string what, Action call) => Ask(what, () =>
    {
        call();
        return true;
    });

    private T Ask<T>(string what, Func<T> call)
    {
        try
        {
            return _thread.Run(what, call);
        }
        catch (KernelCallException e)
        {
            throw new CommandRefusedException(e.Errno, e.Message, e);
        }
    }
}
