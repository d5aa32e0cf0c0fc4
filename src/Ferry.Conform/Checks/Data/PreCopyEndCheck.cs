using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>An end for now looks different from an end for good.</summary>
internal sealed class PreCopyEndCheck : ICheck
{
    public string Name => "pre-copy-end";

    public string Rule => "Where no data is left for now, a read in PRE_COPY and PRE_COPY_P2P fails with ENOMSG; at the end of STOP_COPY it gives 0 bytes, and never ENOMSG.";

    public string Source => Sources.PreCopyInfo;

    public CheckNeeds Needs => CheckNeeds.PreCopy | CheckNeeds.Sessions;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        CheckContext.Require(context.LastRead.IsTemporaryEnd == false, "the end of STOP_COPY is ENOMSG, without a pre-copy before");
        foreach (var state in context.States.Where(state => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P))
        {
            var name = VfioMigrationNames.Of(state);
            context.Begin($"the ends of the data in {name} and STOP_COPY");
            context.Reach(state);
            context.ReadData(context.PreCopyLimitBytes, int.MaxValue);
            if (context.LastRead.Bytes > 0)
            {
                throw new NotApplicableException("pre-copy comes to no end; pre-copy-converges tells about that");
            }

            CheckContext.Require(context.LastRead.IsTemporaryEnd == true, $"the temporary end in {name} is a read of 0 bytes, and not ENOMSG");
            context.Go(VfioDeviceState.StopCopy);
            context.ReadToEnd();
            CheckContext.Require(context.LastRead.IsTemporaryEnd == false, $"the end of STOP_COPY after {name} is ENOMSG");
        }

        return null;
    }
}
