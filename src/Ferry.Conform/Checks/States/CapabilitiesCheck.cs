using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>What the device claims makes sense by itself.</summary>
internal sealed class CapabilitiesCheck : ICheck
{
    private const VfioMigrationFlags Known = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    public string Name => "capabilities";

    public string Rule => "A device that migrates has STOP_COPY, claims nothing that the header does not define, is in RUNNING when it is new, and says that it can be reset, since nothing else leads out of ERROR.";

    public string Source => Sources.Flags;

    public CheckNeeds Needs => CheckNeeds.None;

    public string? Run(CheckContext context)
    {
        var flags = context.Abilities.Migration;
        CheckContext.Require(flags == 0 || (flags & VfioMigrationFlags.StopCopy) != 0, $"it has {flags} without STOP_COPY");
        CheckContext.Require((flags & ~Known) == 0, FormattableString.Invariant($"its flags 0x{(ulong)flags:x} are more than the 0x{(ulong)Known:x} that are defined"));
        if (context.Migrates)
        {
            var state = context.Device.GetState();
            CheckContext.Require(state == VfioDeviceState.Running, $"a new connection finds it in {VfioMigrationNames.Of(state)}");
            CheckContext.Require(context.Abilities.CanReset, "it migrates and can't be reset");
            CheckContext.Require(!context.Abilities.HidesReset, "it can be reset, and VFIO_DEVICE_GET_INFO does not say so (VFIO_DEVICE_FLAGS_RESET)");
        }

        var log = context.Abilities.LogsDma ? $"a DMA log, {(context.HasExactLog ? "exact" : "of what is pinned")}" : "no DMA log";
        return $"{(flags == 0 ? "no migration" : flags.ToString())}; {log}; {(context.Abilities.CanReset ? "reset" : "no reset")}";
    }
}
