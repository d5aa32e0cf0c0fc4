using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>A device that has stopped gives the same state whenever it is asked.</summary>
internal sealed class SaveRepeatsCheck : ICheck
{
    private const int SmallReadBytes = 4093;

    public string Name => "save-repeats";

    public string Rule => "A stopped device does not change its state: saved twice it is the same, however it is read, and the end stays the end.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.Begin("save twice while stopped");
        if (context.HasStimulus)
        {
            context.BeginStimulus();
            context.Work(CheckContext.WorkPieces);
        }

        context.Go(VfioDeviceState.Stop);
        context.Go(VfioDeviceState.StopCopy);
        var first = context.ReadToEnd();
        CheckContext.Require(context.ReadData(1, 1).Length == 0, "more came after the end");
        context.Go(VfioDeviceState.Stop);
        context.Go(VfioDeviceState.StopCopy);
        var second = context.ReadData(int.MaxValue, SmallReadBytes);
        CheckContext.RequireSame(first, second, "the second stream");
        return FormattableString.Invariant($"{first.Length} bytes");
    }
}
