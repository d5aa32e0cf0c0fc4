using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>What is loaded is what the device then has.</summary>
internal sealed class ResumeRestoresCheck : ICheck
{
    public string Name => "resume-restores";

    public string Rule => "A device that has loaded a state has that state: saved at once it is the same.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.PrepareStream(withWork: true);
        context.BeginResume("load, and save again");
        context.Load(context.Stream);
        context.Go(VfioDeviceState.Stop);
        context.Go(VfioDeviceState.StopCopy);
        CheckContext.RequireSame(context.Stream, context.ReadToEnd(), "the stream saved after loading");
        return context.HasStimulus ? null : "of an idle device: nothing makes it work";
    }
}
