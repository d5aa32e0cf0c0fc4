using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Dma;

/// <summary>A device that was saved at work goes on where it was loaded.</summary>
internal sealed class ResumeWorkCheck : ICheck
{
    private const int Tries = 4;

    public string Name => "resume-work";

    public string Rule => "A device that has loaded a state does nothing before it is told to run; then it does the work that was left when the state was saved, and takes more.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration | CheckNeeds.Stimulus | CheckNeeds.Reset;

    public string? Run(CheckContext context)
    {
        // A fast device may have done everything before it stops; it is stopped again until it has not.
        var left = 0;
        for (var i = 0; i < Tries && left == 0; i++)
        {
            left = MoveAtWork(context);
        }

        return FormattableString.Invariant($"{left} pieces of work were left");
    }

    private static int MoveAtWork(CheckContext context)
    {
        context.Begin("save at work, reset, load, and go on");
        context.BeginStimulus();
        context.Work(CheckContext.WorkPieces);
        context.GiveAll();
        context.Go(VfioDeviceState.StopCopy);
        var stream = context.ReadToEnd();
        var left = context.CountOutstanding();
        context.Device.Reset();
        context.Go(VfioDeviceState.Resuming);
        context.Load(stream);
        context.Go(VfioDeviceState.Stop);
        Silence.RequireSince(context, "in STOP after a load", withRam: true);
        context.Go(VfioDeviceState.Running);
        context.Finish();
        context.Work(CheckContext.WorkPieces);
        return left;
    }
}
