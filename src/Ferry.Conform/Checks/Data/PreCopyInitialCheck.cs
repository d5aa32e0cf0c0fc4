using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>Pre-copy has something to give at its start.</summary>
internal sealed class PreCopyInitialCheck : ICheck
{
    public string Name => "pre-copy-initial";

    public string Rule => "A pre-copy session begins with initial data: the first read in PRE_COPY or PRE_COPY_P2P gives some.";

    public string Source => Sources.PreCopyInfo;

    public CheckNeeds Needs => CheckNeeds.PreCopy;

    public string? Run(CheckContext context)
    {
        foreach (var state in context.States.Where(state => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P))
        {
            context.Begin($"the first read in {VfioMigrationNames.Of(state)}");
            context.Reach(state);
            CheckContext.Require(context.ReadData(1, 1).Length == 1, $"{VfioMigrationNames.Of(state)} begins without data");
        }

        return null;
    }
}
