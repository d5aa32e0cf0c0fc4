using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Kvm;

/// <summary>The requests of /dev/kvm, one row each. Source: linux/kvm.h, asm/kvm.h.</summary>
internal static unsafe partial class KvmCalls
{
    internal static readonly KvmRequest GetApiVersion = KvmRequest.Plain(0x00, "KVM_GET_API_VERSION");
    internal static readonly KvmRequest CreateVm = KvmRequest.Plain(0x01, "KVM_CREATE_VM");
    internal static readonly KvmRequest GetMsrIndexList = KvmRequest.ReadWrite(0x02, 4, "KVM_GET_MSR_INDEX_LIST");
    internal static readonly KvmRequest CheckExtension = KvmRequest.Plain(0x03, "KVM_CHECK_EXTENSION");
    internal static readonly KvmRequest GetVcpuMmapSize = KvmRequest.Plain(0x04, "KVM_GET_VCPU_MMAP_SIZE");
    internal static readonly KvmRequest GetSupportedCpuid = KvmRequest.ReadWrite(0x05, 8, "KVM_GET_SUPPORTED_CPUID");
    internal static readonly KvmRequest CreateVcpu = KvmRequest.Plain(0x41, "KVM_CREATE_VCPU");
    internal static readonly KvmRequest GetDirtyLog = KvmRequest.Write(0x42, sizeof(KvmDirtyLog), "KVM_GET_DIRTY_LOG");
    internal static readonly KvmRequest SetUserMemoryRegion = KvmRequest.Write(0x46, sizeof(KvmUserMemoryRegion), "KVM_SET_USER_MEMORY_REGION");
    internal static readonly KvmRequest SetTssAddress = KvmRequest.Plain(0x47, "KVM_SET_TSS_ADDR");
    internal static readonly KvmRequest CreateIrqChip = KvmRequest.Plain(0x60, "KVM_CREATE_IRQCHIP");
    internal static readonly KvmRequest SetClock = KvmRequest.Write(0x7b, sizeof(KvmClockData), "KVM_SET_CLOCK");
    internal static readonly KvmRequest GetClock = KvmRequest.Read(0x7c, sizeof(KvmClockData), "KVM_GET_CLOCK");
    internal static readonly KvmRequest Run = KvmRequest.Plain(0x80, "KVM_RUN");
    internal static readonly KvmRequest GetRegs = KvmRequest.Read(0x81, sizeof(KvmRegs), "KVM_GET_REGS");
    internal static readonly KvmRequest GetSregs = KvmRequest.Read(0x83, sizeof(KvmSregs), "KVM_GET_SREGS");
    internal static readonly KvmRequest GetXsave2 = KvmRequest.Read(0xcf, 4096, "KVM_GET_XSAVE2");
    internal static readonly KvmRequest GetXsave = KvmRequest.Read(0xa4, 4096, "KVM_GET_XSAVE");
    internal static readonly KvmRequest GetXcrs = KvmRequest.Read(0xa6, 392, "KVM_GET_XCRS");
    internal static readonly KvmRequest GetVcpuEvents = KvmRequest.Read(0x9f, 64, "KVM_GET_VCPU_EVENTS");
    internal static readonly KvmRequest GetDebugregs = KvmRequest.Read(0xa1, 128, "KVM_GET_DEBUGREGS");
    internal static readonly KvmRequest GetLapic = KvmRequest.Read(0x8e, 1024, "KVM_GET_LAPIC");
    internal static readonly KvmRequest GetMpState = KvmRequest.Read(0x98, 4, "KVM_GET_MP_STATE");
    internal static readonly KvmRequest SetRegs = KvmRequest.Write(0x82, sizeof(KvmRegs), "KVM_SET_REGS");
    internal static readonly KvmRequest SetSregs = KvmRequest.Write(0x84, sizeof(KvmSregs), "KVM_SET_SREGS");
    internal static readonly KvmRequest SetXsave = KvmRequest.Write(0xa5, 4096, "KVM_SET_XSAVE");
    internal static readonly KvmRequest SetXcrs = KvmRequest.Write(0xa7, 392, "KVM_SET_XCRS");
    internal static readonly KvmRequest SetVcpuEvents = KvmRequest.Write(0xa0, 64, "KVM_SET_VCPU_EVENTS");
    internal static readonly KvmRequest SetDebugregs = KvmRequest.Write(0xa2, 128, "KVM_SET_DEBUGREGS");
    internal static readonly KvmRequest SetLapic = KvmRequest.Write(0x8f, 1024, "KVM_SET_LAPIC");
    internal static readonly KvmRequest SetMpState = KvmRequest.Write(0x99, 4, "KVM_SET_MP_STATE");
    internal static readonly KvmRequest GetMsrs = KvmRequest.ReadWrite(0x88, 8, "KVM_GET_MSRS");
    internal static readonly KvmRequest SetMsrs = KvmRequest.Write(0x89, 8, "KVM_SET_MSRS");
    internal static readonly KvmRequest SetCpuid2 = KvmRequest.Write(0x90, 8, "KVM_SET_CPUID2");
    internal static readonly KvmRequest SetTscKhz = KvmRequest.Plain(0xa2, "KVM_SET_TSC_KHZ");
    internal static readonly KvmRequest GetTscKhz = KvmRequest.Plain(0xa3, "KVM_GET_TSC_KHZ");
    internal static readonly KvmRequest EnableCapability = KvmRequest.Write(0xa3, sizeof(KvmEnableCap), "KVM_ENABLE_CAP");
    internal static readonly KvmRequest ClearDirtyLog = KvmRequest.ReadWrite(0xc0, sizeof(KvmClearDirtyLog), "KVM_CLEAR_DIRTY_LOG");
    internal static readonly KvmRequest ResetDirtyRings = KvmRequest.Plain(0xc7, "KVM_RESET_DIRTY_RINGS");

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle file, nuint request, nint argument);

    /// <summary>Makes a request that must succeed.</summary>
    internal static int Call(SafeFileHandle file, KvmRequest request, nint argument, string subject)
    {
        var result = Ioctl(file, request.Number, argument);
        return result >= 0 ? result : throw new KernelCallException($"ioctl({request.Name})", Marshal.GetLastPInvokeError(), subject);
    }

    /// <summary>Makes a request that must succeed, on a structure.</summary>
    internal static int Call<T>(SafeFileHandle file, KvmRequest request, ref T argument, string subject)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            return Call(file, request, (nint)pointer, subject);
        }
    }
}
