using System.Runtime.InteropServices;

namespace Ferry.Linux.Kvm;

/// <summary>The machine's clock. Source: linux/kvm.h, struct kvm_clock_data.</summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
[KernelStruct("kvm_clock_data")]
public record struct KvmClockData
{
    /// <summary>Nanoseconds since the machine was created.</summary>
    public ulong Clock;

    /// <summary>What else is valid.</summary>
    public uint Flags, Pad0;

    /// <summary>The host's real time, in nanoseconds, and its time stamp counter, where the flags say so.</summary>
    public ulong Realtime, HostTsc;
}
