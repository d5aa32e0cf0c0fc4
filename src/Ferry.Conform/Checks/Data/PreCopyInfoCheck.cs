using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>What the device says that pre-copy still has, against what it gives.</summary>
internal sealed class PreCopyInfoCheck : ICheck
{
    public string Name => "pre-copy-info";

    public string Rule => "initial_bytes begins above zero and dirty_bytes at zero, the first falls by what is read, both are zero at the temporary end, and they are told in PRE_COPY and PRE_COPY_P2P alone.";

    public string Source => Sources.PreCopyInfo;

    public CheckNeeds Needs => CheckNeeds.PreCopyInfo;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        var measured = new List<string>();
        foreach (var state in context.States.Where(state => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P))
        {
            measured.Add($"{VfioMigrationNames.Of(state)}: {Measure(context, state)}");
        }

        RequireRefused(context, "in RUNNING", VfioDeviceState.PreCopy, VfioDeviceState.Running);
        RequireRefused(context, "in STOP_COPY", VfioDeviceState.PreCopy, VfioDeviceState.StopCopy);
        return string.Join("; ", measured);
    }

    private static string Measure(CheckContext context, VfioDeviceState state)
    {
        var name = VfioMigrationNames.Of(state);
        context.Begin($"the sizes of pre-copy in {name}, of an idle device");
        context.Reach(state);
        var first = Ask(context);
        CheckContext.Require(first.InitialBytes > 0, $"{name} begins with initial_bytes 0");
        CheckContext.Require(first.DirtyBytes == 0, FormattableString.Invariant($"{name} begins with dirty_bytes {first.DirtyBytes}"));
        var limitBytes = context.PreCopyLimitBytes;
        var read = (ulong)context.ReadData((int)Math.Min(Math.Max(first.InitialBytes / 2, 1), (ulong)limitBytes), int.MaxValue).Length;
        var then = Ask(context);
        CheckContext.Require(
            then.InitialBytes < first.InitialBytes,
            FormattableString.Invariant($"in {name} initial_bytes was {first.InitialBytes}, and is {then.InitialBytes} after {read} bytes were read"));
        read += (ulong)context.ReadData(limitBytes, int.MaxValue).Length;
        if (read >= (ulong)limitBytes)
        {
            throw new NotApplicableException("pre-copy comes to no end; pre-copy-converges tells about that");
        }

        var last = Ask(context);
        CheckContext.Require(
            last is { InitialBytes: 0, DirtyBytes: 0 },
            FormattableString.Invariant($"in {name} initial_bytes is {last.InitialBytes} and dirty_bytes {last.DirtyBytes} after the temporary end"));
        var text = FormattableString.Invariant($"initial_bytes was {first.InitialBytes} and {read} bytes came");
        CheckContext.Require(SizeEstimateCheck.IsNear(first.InitialBytes, read), $"in {name} {text}");
        return text;
    }

    private static void RequireRefused(CheckContext context, string when, VfioDeviceState begin, VfioDeviceState end)
    {
        context.Begin($"the sizes of pre-copy {when}");
        context.Go(begin);
        CheckContext.Require(
            !context.TryGo(end, out _) || CheckContext.IsRefused(() => Ask(context)), $"VFIO_MIG_GET_PRECOPY_INFO is answered {when}");
    }

    private static VfioPreCopyInfo Ask(CheckContext context) =>
        context.Device.AskPreCopy() ?? throw new NotApplicableException("the interface has no VFIO_MIG_GET_PRECOPY_INFO");
}
