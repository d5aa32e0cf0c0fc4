using System.Diagnostics;
using Ferry.Conform.Checks;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.Tracing;

/// <summary>A device for one check: each command is written down with its answer, and none is taken once the check's time is over.</summary>
internal sealed class TracedDevice(IDeviceUnderTest inner, CommandTrace trace, TimeSpan time) : IDeviceUnderTest
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public CommandTrace Trace { get; } = trace;

    /// <summary>Whether the log was started and not stopped, as far as the answers tell.</summary>
    public bool IsLogging { get; private set; }

    public DeviceAbilities AskAbilities() => Do("GET abilities", inner.AskAbilities, abilities =>
        $"migration {abilities.Migration}, {(abilities.LogsDma ? $"DMA log {abilities.LogPrecision}" : "no DMA log")}, {(abilities.CanReset ? "reset" : "no reset")}");

    public VfioDeviceState GetState() => Do("GET_STATE", inner.GetState, VfioStateNames.Of);

    public void SetState(VfioDeviceState next) => Do($"SET_STATE {VfioStateNames.Of(next)}", () => inner.SetState(next));

    public ulong? EstimateStopCopyBytes() =>
        Do("GET MIG_DATA_SIZE", inner.EstimateStopCopyBytes, bytes => bytes is { } known ? FormattableString.Invariant($"{known} bytes") : "not known");

    public int ReadData(Span<byte> buffer) =>
        Do(FormattableString.Invariant($"READ_DATA {buffer.Length}"), buffer, inner.ReadData, read => FormattableString.Invariant($"{read} bytes"));

    public void WriteData(ReadOnlySpan<byte> data) => Do(FormattableString.Invariant($"WRITE_DATA {data.Length}"), data, inner.WriteData);

    public void MapDma(IovaRange range, SafeFileHandle file) => Do($"DMA_MAP {range} read write", () => inner.MapDma(range, file));

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        var what = ranges.Count <= 4 ? string.Join(' ', ranges) : FormattableString.Invariant($"{ranges.Count} ranges from {ranges[0]}");
        var chosen = Do($"DMA_LOGGING_START {pageSize} {what}", () => inner.StartDmaLog(ranges, pageSize), chosen => chosen.ToString());
        IsLogging = true;
        return chosen;
    }

    public void StopDmaLog()
    {
        Do("DMA_LOGGING_STOP", inner.StopDmaLog);
        IsLogging = false;
    }

    public void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap)
    {
        // Its own bitmap, so that the line tells what came, not what was there before.
        using var reported = new DirtyBitmap(range, pageSize);
        Do(
            $"DMA_LOGGING_REPORT {range} {pageSize}",
            () =>
            {
                inner.ReportDmaLog(range, pageSize, reported);
                return reported.Count();
            },
            count => FormattableString.Invariant($"{count} pages"));
        bitmap.Or(reported);
    }

    public void ReadRegion(int region, ulong offset, Span<byte> data) => Do(
        FormattableString.Invariant($"REGION_READ {region}+0x{offset:x} {data.Length}"),
        data,
        into =>
        {
            inner.ReadRegion(region, offset, into);
            return Convert.ToHexStringLower(into);
        },
        read => read);

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data) =>
        Do($"REGION_WRITE {region}+0x{offset:x} {Convert.ToHexStringLower(data)}", data, from => inner.WriteRegion(region, offset, from));

    public void SetInterrupt(int index, SafeFileHandle signal) => Do($"SET_IRQS {index} 0", () => inner.SetInterrupt(index, signal));

    public void Reset() => Do("DEVICE_RESET", inner.Reset);

    /// <summary>Leaves no log started behind; the connection is the session's.</summary>
    public void Dispose()
    {
        if (!IsLogging)
        {
            return;
        }

        try
        {
            inner.StopDmaLog();
        }
        catch (IOException)
        {
            // What the next check does tells.
        }
    }

    /// <summary>Fails the check where its time is over.</summary>
    public void Admit(string next)
    {
        if (Stopwatch.GetElapsedTime(_started) > time)
        {
            throw new CheckFailedException(FormattableString.Invariant($"the check's time of {time.TotalSeconds} s is over before {next}"));
        }
    }

    private void Do(string command, Action action) => Do(command, true, _ => action());

    private void Do<TData>(string command, TData data, Action<TData> action)
        where TData : allows ref struct => Do(
        command,
        data,
        each =>
        {
            action(each);
            return true;
        },
        _ => "ok");

    private T Do<T>(string command, Func<T> action, Func<T, string> describe) => Do(command, true, _ => action(), describe);

    private T Do<TData, T>(string command, TData data, Func<TData, T> action, Func<T, string> describe)
        where TData : allows ref struct
    {
        Admit(command);
        try
        {
            var result = action(data);
            Trace.Add($"{command} -> {describe(result)}");
            return result;
        }
        catch (Exception e) when (AddFailure(command, e))
        {
            throw;
        }
    }

    // Always true: it stands in a filter so that the stack is whole.
    private bool AddFailure(string command, Exception e)
    {
        var answer = e switch
        {
            CommandRefusedException refused => FormattableString.Invariant($"refused, errno {refused.Errno}"),
            DeviceFaultException { Fault: DeviceFault.Silent } => "no answer",
            DeviceFaultException { Fault: DeviceFault.Gone } => "the connection ended",
            _ => $"malformed: {e.Message}",
        };
        Trace.Add($"{command} -> {answer}");
        LastRefused = e is CommandRefusedException ? command : LastRefused;
        return true;
    }

    /// <summary>The command that was refused last, or null.</summary>
    public string? LastRefused { get; private set; }
}
