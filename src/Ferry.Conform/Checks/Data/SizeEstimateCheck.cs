using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>The estimate of what STOP_COPY gives, against what it gives.</summary>
internal sealed class SizeEstimateCheck : ICheck
{
    /// <summary>How far off an estimate may be: by this factor, and by so many bytes.</summary>
    private const int Factor = 2;
    private const ulong SlackBytes = 64 << 10;

    private int _measured;
    private string _largest = "";

    public string Name => "size-estimate";

    public string Rule => "MIG_DATA_SIZE is answered in every state, and near what STOP_COPY then gives: within twice or half of it, and 64 KiB.";

    public string Source => Sources.DataSize;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.Begin("estimate in RUNNING");
        Measure(context, VfioDeviceState.Running);
        context.Begin("estimate in STOP_COPY");
        context.Go(VfioDeviceState.StopCopy);
        var wholeBytes = Measure(context, VfioDeviceState.StopCopy);
        if (context.HasPreCopy)
        {
            context.Begin("estimate after pre-copy");
            context.Go(VfioDeviceState.PreCopy);
            context.ReadData((int)Math.Min(2L * wholeBytes, int.MaxValue), int.MaxValue);
            Measure(context, VfioDeviceState.PreCopy);
        }

        RequireInEveryState(context);
        return _measured > 0 ? _largest : throw new NotApplicableException("the device gives no estimate");
    }

    /// <summary>Whether an estimate is near the truth.</summary>
    public static bool IsNear(ulong estimateBytes, ulong trueBytes) =>
        estimateBytes / Factor <= trueBytes + SlackBytes && trueBytes / Factor <= estimateBytes + SlackBytes;

    private static void RequireInEveryState(CheckContext context)
    {
        var answering = new List<string>();
        var silent = new List<string>();
        foreach (var state in context.States)
        {
            context.Begin($"estimate in {VfioMigrationNames.Of(state)}");
            context.Reach(state);
            (context.Device.EstimateStopCopyBytes() is null ? silent : answering).Add(VfioMigrationNames.Of(state));
        }

        CheckContext.Require(
            silent.Count == 0 || answering.Count == 0, $"there is an estimate in {string.Join(", ", answering)}, and none in {string.Join(", ", silent)}");
    }

    private int Measure(CheckContext context, VfioDeviceState state)
    {
        var estimate = context.Device.EstimateStopCopyBytes();
        if (state != VfioDeviceState.StopCopy)
        {
            context.Go(VfioDeviceState.StopCopy);
        }

        var trueBytes = context.ReadToEnd().Length;
        if (estimate is not { } bytes)
        {
            return trueBytes;
        }

        _measured++;
        var text = FormattableString.Invariant($"in {VfioMigrationNames.Of(state)} the estimate is {bytes} bytes, and STOP_COPY gave {trueBytes}");
        _largest = _largest.Length == 0 ? text : _largest;
        CheckContext.Require(IsNear(bytes, (ulong)trueBytes), text);
        return trueBytes;
    }
}
