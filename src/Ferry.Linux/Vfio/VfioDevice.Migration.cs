using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Vfio;

public sealed unsafe partial class VfioDevice
{
    internal const uint FeatureGet = 1 << 16;
    internal const uint FeatureSet = 1 << 17;
    internal const uint FeatureProbe = 1 << 18;

    /// <summary>Asks what migration it supports; none where it doesn't know the feature.</summary>
    /// <exception cref="KernelCallException">The kernel failed otherwise.</exception>
    public VfioMigrationFlags GetMigrationFlags()
    {
        var argument = default(FeatureArgument<VfioFeatureMigration>);
        return TryGet(VfioFeature.Migration, ref argument) ? (VfioMigrationFlags)argument.Data.Flags : VfioMigrationFlags.None;
    }

    /// <summary>Asks for the migration state.</summary>
    /// <exception cref="KernelCallException">It has no migration.</exception>
    public VfioDeviceState GetState()
    {
        var argument = default(FeatureArgument<VfioFeatureState>);
        return TryGet(VfioFeature.State, ref argument) ? (VfioDeviceState)argument.Data.DeviceState : throw Failure(VfioFeature.State);
    }

    /// <summary>Makes it take an arc or a combination of arcs; when it returns the device is there.</summary>
    /// <returns>The data session that the state opens: for saving from PRE_COPY or STOP_COPY on, for loading in RESUMING; else null.</returns>
    /// <exception cref="KernelCallException">It refused. It may be in any state on the way, or in ERROR.</exception>
    public VfioMigrationData? SetState(VfioDeviceState next)
    {
        var argument = new FeatureArgument<VfioFeatureState> { Data = new() { DeviceState = (uint)next, DataFd = -1 } };
        Feature(VfioFeature.State, FeatureSet, ref argument, $"{Name} to {next}");
        return argument.Data.DataFd >= 0 ? new(new SafeFileHandle(argument.Data.DataFd, ownsHandle: true), Name) : null;
    }

    /// <summary>Asks how many bytes STOP_COPY will give, or null where it gives no estimate.</summary>
    public ulong? EstimateStopCopyBytes()
    {
        var argument = default(FeatureArgument<VfioFeatureDataSize>);
        argument.Header = HeaderOf(VfioFeature.DataSize, FeatureGet, sizeof(FeatureArgument<VfioFeatureDataSize>));
        return VfioCalls.Ioctl(_handle, VfioCalls.DeviceFeature.Number, (nint)(&argument)) >= 0 ? argument.Data.StopCopyLength : null;
    }

    private static VfioFeatureHeader HeaderOf(VfioFeature feature, uint operation, int sizeBytes) =>
        new() { Argsz = (uint)sizeBytes, Flags = (uint)feature | operation };

    /// <summary>Whether the device has a feature with an operation.</summary>
    private bool Has(VfioFeature feature, uint operation)
    {
        var header = HeaderOf(feature, FeatureProbe | operation, sizeof(VfioFeatureHeader));
        return VfioCalls.Ioctl(_handle, VfioCalls.DeviceFeature.Number, (nint)(&header)) >= 0;
    }

    private bool TryGet<T>(VfioFeature feature, ref FeatureArgument<T> argument)
        where T : unmanaged
    {
        if (!Has(feature, FeatureGet))
        {
            return false;
        }

        Feature(feature, FeatureGet, ref argument, $"{feature} of {Name}");
        return true;
    }

    private void Feature<T>(VfioFeature feature, uint operation, ref FeatureArgument<T> argument, string subject)
        where T : unmanaged
    {
        argument.Header = HeaderOf(feature, operation, sizeof(FeatureArgument<T>));
        VfioCalls.Call(_handle, VfioCalls.DeviceFeature, ref argument, subject);
    }

    private KernelCallException Failure(VfioFeature feature) => new($"ioctl({VfioCalls.DeviceFeature.Name})", Marshal.GetLastPInvokeError(), $"{feature} of {Name}");

    private struct FeatureArgument<T>
        where T : unmanaged
    {
        internal VfioFeatureHeader Header;
        internal T Data;
    }
}
