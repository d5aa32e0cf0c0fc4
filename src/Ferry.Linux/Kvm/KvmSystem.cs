using System.Runtime.InteropServices;
using Ferry.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Kvm;

/// <summary>/dev/kvm: what KVM can do here, and the way to a machine. Source: linux/kvm.h, the kernel's KVM API document.</summary>
public sealed unsafe class KvmSystem : IDisposable
{
    private const string Path = "/dev/kvm";
    private const int ApiVersion = 12;
    private const int Interrupted = 4;
    private const int TooBig = 7;
    private const int Busy = 16;
    internal const string Remedy = "load the module kvm_intel or kvm_amd, or enable virtualization";
    internal const string Permission = "add this user to the group that owns it, usually kvm";

    internal const string BusyPath = Path + ", since another hypervisor uses the processor's virtualization: end it, or unload its modules";

    private KvmSystem(SafeFileHandle handle) => Handle = handle;

    internal SafeFileHandle Handle { get; }

    /// <summary>Opens KVM, or says why it can't be used here.</summary>
    /// <param name="system">The open system, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    public static bool TryOpen(out KvmSystem? system, out string? reason) => TryOpen(out system, out reason, out _);

    /// <summary>Opens KVM, or says why it can't be used here.</summary>
    /// <param name="system">The open system, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">Where null is returned, the error that the kernel refused the file with; 0 where it opened the file, which then was of no use.</param>
    public static bool TryOpen(out KvmSystem? system, out string? reason, out int errno)
    {
        system = null;
        if (!DeviceFile.TryOpen(Path, Remedy, out var handle, out reason, out errno, Permission))
        {
            return false;
        }

        var version = KvmCalls.Ioctl(handle!, KvmCalls.GetApiVersion.Number, 0);
        if (version != ApiVersion)
        {
            handle!.Dispose();
            reason = $"{Path} speaks API version {version}; {ApiVersion} is needed.";
            return false;
        }

        system = new KvmSystem(handle!);
        return true;
    }

    /// <summary>The value of an extension; 0 where it is missing.</summary>
    public int Check(KvmCapability capability) => Math.Max(0, KvmCalls.Ioctl(Handle, KvmCalls.CheckExtension.Number, (int)capability));

    /// <summary>Creates a machine without memory or vCPUs.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public KvmVm CreateVm()
    {
        var runBytes = KvmCalls.Call(Handle, KvmCalls.GetVcpuMmapSize, 0, Path);
        while (true)
        {
            var descriptor = KvmCalls.Ioctl(Handle, KvmCalls.CreateVm.Number, 0);
            if (descriptor >= 0)
            {
                return new(new SafeFileHandle(descriptor, ownsHandle: true), runBytes);
            }

            // Nothing was made by a call that a signal ended, and the runtime signals its threads.
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Interrupted)
            {
                throw new KernelCallException($"ioctl({KvmCalls.CreateVm.Name})", errno, errno == Busy ? BusyPath : Path);
            }
        }
    }

    /// <summary>The CPUID table that this host can give a guest, as struct kvm_cpuid2, to be given to <see cref="KvmVcpu.SetCpuid"/>.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public byte[] GetSupportedCpuid()
    {
        const int headerBytes = 8;
        const int entryBytes = 40;
        for (var entries = 128; ; entries *= 2)
        {
            var table = new byte[headerBytes + entries * entryBytes];
            fixed (byte* pointer = table)
            {
                *(int*)pointer = entries;
                if (KvmCalls.Ioctl(Handle, KvmCalls.GetSupportedCpuid.Number, (nint)pointer) >= 0)
                {
                    return table[..(headerBytes + *(int*)pointer * entryBytes)];
                }
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno != TooBig || entries > 1 << 16)
            {
                throw new KernelCallException("ioctl(KVM_GET_SUPPORTED_CPUID)", errno, $"{entries} entries");
            }
        }
    }

    /// <summary>The numbers of the model-specific registers that are a vCPU's state.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public uint[] GetMsrIndices()
    {
        var list = new uint[1 + 4096];
        list[0] = 4096;
        fixed (uint* pointer = list)
        {
            KvmCalls.Call(Handle, KvmCalls.GetMsrIndexList, (nint)pointer, "at most 4096 registers");
        }

        return list[1..(int)(1 + list[0])];
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
