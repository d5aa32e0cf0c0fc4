using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>ERROR, and the way out of it.</summary>
internal sealed class ErrorStateCheck : ICheck
{
    private const int GarbageBytes = 4096;

    public string Name => "error-state";

    public string Rule => "From ERROR only a reset leads out, to RUNNING, and then the device works as new.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration | CheckNeeds.Reset;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        context.BeginResume("RESUMING with bytes that are no state");
        var garbage = new byte[GarbageBytes];
        garbage.AsSpan().Fill(0xA5);
        _ = CheckContext.IsRefused(() => context.Load(garbage));
        if (!CheckContext.IsRefused(() => context.Device.SetState(VfioDeviceState.Stop)))
        {
            throw new NotApplicableException("the device did not fail by bytes that are no state; resume-altered tells about that");
        }

        var state = context.Device.GetState();
        if (state == VfioDeviceState.Error)
        {
            foreach (var next in Enum.GetValues<VfioDeviceState>())
            {
                // Of asking for the state that it is in no text says whether that is taken or refused.
                CheckContext.Require(
                    CheckContext.IsRefused(() => context.Device.SetState(next)) || next == VfioDeviceState.Error, $"ERROR -> {VfioMigrationNames.Of(next)} was accepted");
                context.RequireState(VfioDeviceState.Error);
            }

            CheckContext.Require(CheckContext.IsRefused(() => context.ReadData(1, 1)), "the data channel can be read in ERROR");
            CheckContext.Require(CheckContext.IsRefused(() => context.Load([0])), "the data channel can be written in ERROR");
        }

        context.Device.Reset();
        context.RequireState(VfioDeviceState.Running);
        context.Go(VfioDeviceState.Resuming);
        context.Load(context.Stream);
        context.Go(VfioDeviceState.Stop);
        context.Go(VfioDeviceState.Running);
        return state == VfioDeviceState.Error ? null : $"a failed load leaves it in {VfioMigrationNames.Of(state)}, so ERROR was not seen";
    }
}
