using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>Pre-copy of an idle device comes to an end.</summary>
internal sealed class PreCopyConvergesCheck : ICheck
{
    public string Name => "pre-copy-converges";

    public string Rule => "Pre-copy of a device that has nothing to do reaches its temporary end: a read that gives nothing.";

    public string Source => Sources.PreCopyInfo;

    public CheckNeeds Needs => CheckNeeds.PreCopy;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        var limitBytes = context.PreCopyLimitBytes;
        context.Begin("pre-copy of an idle device");
        context.Go(VfioDeviceState.PreCopy);
        var preCopyBytes = context.ReadData(limitBytes, int.MaxValue).Length;
        CheckContext.Require(
            preCopyBytes < limitBytes,
            FormattableString.Invariant($"pre-copy gave {preCopyBytes} bytes without an end, of a device whose whole state has {context.Stream.Length}"));
        context.Go(VfioDeviceState.StopCopy);
        var rest = context.ReadToEnd().Length;
        return FormattableString.Invariant($"{preCopyBytes} bytes before the stop, {rest} after it");
    }
}
