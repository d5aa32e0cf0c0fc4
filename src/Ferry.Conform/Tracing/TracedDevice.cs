using System.Diagnostics;
using Ferry.Conform.Checks;
using Ferry.Linux.Events;
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

    public ICommandTexts Texts { get; } = inner.Texts;

    public IReadOnlyList<string> Opening => inner.Opening;

    public DeviceAbilities AskAbilities() => Do(Texts.AskAbilities, inner.AskAbilities, abilities =>
        $"migration {abilities.Migration}, {(abilities.LogsDma ? $"DMA log {abilities.LogPrecision}" : "no DMA log")}, {(abilities.CanReset ? "reset" : "no reset")}");

    public VfioDeviceState GetState() => Do(Texts.GetState, inner.GetState, VfioMigrationNames.Of);

    public bool? SetState(VfioDeviceState next) => Do(
        Texts.SetState(next), () => inner.SetState(next), opened => opened switch { null => "ok", true => "ok, a data session is open", false => "ok, no data session" });

    public ulong? EstimateStopCopyBytes() =>
        Do(Texts.EstimateStopCopyBytes, inner.EstimateStopCopyBytes, bytes => bytes is { } known ? FormattableString.Invariant($"{known} bytes") : "not known");

    public VfioPreCopyInfo? AskPreCopy() => Do(
        Texts.AskPreCopy, inner.AskPreCopy, info => info is { } known ? FormattableString.Invariant($"initial {known.InitialBytes} bytes, dirty {known.DirtyBytes} bytes") : "not known");

    public DataRead ReadData(Span<byte> buffer) => Do(
        Texts.ReadData(buffer.Length), buffer, inner.ReadData, read => read.IsTemporaryEnd == true ? "none now (ENOMSG)" : FormattableString.Invariant($"{read.Bytes} bytes"));

    public void WriteData(ReadOnlySpan<byte> data) => Do(Texts.WriteData(data.Length), data, inner.WriteData);

    public void MapDma(IovaRange range, SafeFileHandle file, Hva memory) => Do(Texts.MapDma(range), () => inner.MapDma(range, file, memory));

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        var what = ranges.Count <= 4 ? string.Join(' ', ranges) : FormattableString.Invariant($"{ranges.Count} ranges from {ranges[0]}");
        var chosen = Do(Texts.StartDmaLog(pageSize, what), () => inner.StartDmaLog(ranges, pageSize), chosen => chosen.ToString());
        IsLogging = true;
        return chosen;
    }

    public void StopDmaLog()
    {
        Do(Texts.StopDmaLog, inner.StopDmaLog);
        IsLogging = false;
    }

    public void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap)
    {
        // Its own bitmap, so that the line tells what came, not what was there before.
        using var reported = new DirtyBitmap(range, pageSize);
        Do(
            Texts.ReportDmaLog(range, pageSize),
            () =>
            {
                inner.ReportDmaLog(range, pageSize, reported);
                return reported.Count();
            },
            count => FormattableString.Invariant($"{count} pages"));
        bitmap.Or(reported);
    }

    public void ReadRegion(int region, ulong offset, Span<byte> data) => Do(
        Texts.ReadRegion(region, offset, data.Length),
        data,
        into =>
        {
            inner.ReadRegion(region, offset, into);
            return Convert.ToHexStringLower(into);
        },
        read => read);

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data) =>
        Do(Texts.WriteRegion(region, offset, Convert.ToHexStringLower(data)), data, from => inner.WriteRegion(region, offset, from));

    public void SetInterrupt(int index, EventFile signal) => Do(Texts.SetInterrupt(index), () => inner.SetInterrupt(index, signal));

    public void Reset() => Do(Texts.Reset, inner.Reset);

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
            DeviceFaultException { Fault: DeviceFault.Unreachable } => "not possible here",
            _ => $"malformed: {e.Message}",
        };
        Trace.Add($"{command} -> {answer}");
        LastRefused = e is CommandRefusedException ? command : LastRefused;
        return true;
    }

    /// <summary>The command that was refused last, or null.</summary>
    public string? LastRefused { get; private set; }
}
