using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Takes STOP_COPY to PRE_COPY, which there is not.</summary>
internal sealed class AcceptsIllegalArc(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        if (State == VfioDeviceState.StopCopy && next == VfioDeviceState.PreCopy)
        {
            base.SetState(VfioDeviceState.Running);
        }

        base.SetState(next);
    }
}

/// <summary>Refuses one transition, and changes nothing.</summary>
internal sealed class RefusesTransition(IVfioUserDevice inner, VfioDeviceState from, VfioDeviceState to) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        if (State == from && next == to)
        {
            throw new VfioUserException(22, "a planted defect");
        }

        base.SetState(next);
    }
}

/// <summary>Says that it took a combination, and went only the first step.</summary>
internal sealed class StopsHalfway(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next) =>
        base.SetState(State == VfioDeviceState.PreCopy && next == VfioDeviceState.Stop ? VfioDeviceState.Running : next);
}

/// <summary>Is left in PRE_COPY by a reset.</summary>
internal sealed class ResetKeepsState(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void Reset()
    {
        if (State != VfioDeviceState.PreCopy)
        {
            base.Reset();
        }
    }
}

/// <summary>Lets itself be talked out of ERROR.</summary>
internal sealed class LeavesError(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        if (State == VfioDeviceState.Error)
        {
            base.Reset();
        }

        base.SetState(next);
    }
}

/// <summary>Begins its data anew on the way from PRE_COPY to PRE_COPY_P2P.</summary>
internal sealed class LosesSession(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        if (State == VfioDeviceState.PreCopy && next == VfioDeviceState.PreCopyP2P)
        {
            base.SetState(VfioDeviceState.Running);
        }

        base.SetState(next);
    }
}

/// <summary>Claims a state that no header defines.</summary>
internal sealed class ClaimsUnknownFlag(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override VfioMigrationFlags Migration => base.Migration | (VfioMigrationFlags)8;
}

/// <summary>Says that it runs again after a migration was given up, and does not.</summary>
internal sealed class StaysStopped(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private bool _isPretending;

    public override VfioDeviceState State => _isPretending ? VfioDeviceState.Running : base.State;

    public override void SetState(VfioDeviceState next)
    {
        _isPretending = State == VfioDeviceState.PreCopy && next == VfioDeviceState.Running;
        base.SetState(_isPretending ? VfioDeviceState.Stop : next);
    }

    public override void Reset()
    {
        _isPretending = false;
        base.Reset();
    }
}

/// <summary>Stays in STOP_COPY, whatever it is told, until its client goes.</summary>
internal sealed class StuckInStopCopy(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private bool _hasClient = true;

    public override void SetState(VfioDeviceState next)
    {
        RequireNotStuck();
        base.SetState(next);
    }

    public override void Reset()
    {
        RequireNotStuck();
        base.Reset();
        _hasClient = true;
    }

    public override void DmaUnmapAll()
    {
        // What the server does first when a client has gone.
        _hasClient = false;
        base.DmaUnmapAll();
    }

    private void RequireNotStuck()
    {
        if (_hasClient && State == VfioDeviceState.StopCopy)
        {
            throw new VfioUserException(22, "a planted defect");
        }
    }
}

/// <summary>Takes RUNNING_P2P for RUNNING when it is in it already.</summary>
internal sealed class LeavesWhenAskedAgain(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next) =>
        base.SetState(State == VfioDeviceState.RunningP2P && next == State ? VfioDeviceState.Running : next);
}
