using Ferry.Lab.Devices;
using Ferry.Linux;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>A kernel device takes every arc that the specification has, refuses every other, and opens data sessions where it must; its sizes are true.</summary>
/// <param name="device">What the check's name begins with.</param>
/// <param name="create">Makes one that has every optional state.</param>
internal sealed class DeviceArcsCheck(string device, Func<MediatedDevice> create) : ILabCheck
{
    private const VfioMigrationFlags Everything = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    /// <inheritdoc/>
    public string Name => $"{device}-arcs";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var made = create();
        using var bound = new BoundDevice(VfioFiles.OpenDevice(made.Folder));
        var opened = bound.Device;
        LabContext.Require(opened.GetMigrationFlags() == Everything, $"the device supports {opened.GetMigrationFlags()}");
        var state = Save(opened);
        CheckPreCopy(opened);
        var (taken, refused) = (0, 0);
        var states = Enum.GetValues<VfioDeviceState>();
        foreach (var from in states.Where(from => from != VfioDeviceState.Error))
        {
            foreach (var to in states.Append((VfioDeviceState)states.Length))
            {
                if (Try(opened, from, to, state))
                {
                    taken++;
                }
                else
                {
                    refused++;
                }
            }
        }

        return $"{taken} ways between states taken, {refused} refused, {state.Length} bytes of state";
    }

    /// <summary>Reads the whole state, as much as was announced.</summary>
    private static byte[] Save(VfioDevice device)
    {
        using var data = device.SetState(VfioDeviceState.StopCopy);
        LabContext.Require(data is not null, "STOP_COPY opened no data session");
        var announced = device.EstimateStopCopyBytes();
        var state = new List<byte>();
        var buffer = new byte[100];
        for (int read; (read = data.Read(buffer)) > 0;)
        {
            state.AddRange(buffer.AsSpan(0, read));
        }

        LabContext.Require(announced == (ulong)state.Count, $"{announced} bytes were announced, and {state.Count} came");
        LabContext.RequireRefusal(() => data.GetPreCopyInfo(), "sizes of pre-copy in STOP_COPY");
        device.SetState(VfioDeviceState.Running)?.Dispose();
        return [.. state];
    }

    private static void CheckPreCopy(VfioDevice device)
    {
        using var data = device.SetState(VfioDeviceState.PreCopy);
        LabContext.Require(data is not null, "PRE_COPY opened no data session");
        var before = data.GetPreCopyInfo();
        var buffer = new byte[1];
        LabContext.Require(before.InitialBytes > 1 && data.Read(buffer) == 1, $"pre-copy has {before}");
        var after = data.GetPreCopyInfo();
        LabContext.Require(after.InitialBytes == before.InitialBytes - 1, $"pre-copy had {before}, and after one byte {after}");
        for (var left = after.InitialBytes; left > 0; left--)
        {
            LabContext.Require(data.Read(buffer) == 1, $"pre-copy ended {left} bytes early");
        }

        LabContext.Require(data.Read(buffer) == 0, "pre-copy gave more than it announced");
        device.SetState(VfioDeviceState.Running)?.Dispose();
    }

    private static bool Try(VfioDevice device, VfioDeviceState from, VfioDeviceState to, byte[] state)
    {
        device.Reset();
        LabContext.Require(device.GetState() == VfioDeviceState.Running, $"after a reset the device is in {device.GetState()}");
        using var before = device.SetState(from);
        if (from == VfioDeviceState.Resuming)
        {
            before!.Write(state);
        }

        LabContext.Require(device.GetState() == from, $"the device is in {device.GetState()} and not in {from}");
        var expected = VfioStateArcs.TryGetPath(from, to, Everything, out _);
        try
        {
            using var opened = device.SetState(to);
            LabContext.Require(expected, $"{from} to {to} was taken, which the specification does not have");
            LabContext.Require(device.GetState() == to, $"{from} to {to} led to {device.GetState()}");
            LabContext.Require(opened is not null == OpensSession(from, to), $"{from} to {to} opened {(opened is null ? "no" : "a")} data session");
            return true;
        }
        catch (KernelCallException e)
        {
            LabContext.Require(!expected, $"{from} to {to} was refused: {e.Message}");
            LabContext.Require(device.GetState() == from, $"{from} to {to} was refused and left the device in {device.GetState()}");
            return false;
        }
    }

    private static bool OpensSession(VfioDeviceState from, VfioDeviceState to)
    {
        var saves = to is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy;
        return from != to && (to == VfioDeviceState.Resuming || (saves && from is not (VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P)));
    }
}
