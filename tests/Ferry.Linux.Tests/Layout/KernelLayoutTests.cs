using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Kvm;
using Ferry.Linux.Userfault;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Layout;

/// <summary>Every structure, request and offset that is shared with the kernel, compared with what a C compiler makes of its headers.</summary>
public sealed partial class KernelLayoutTests
{
    /// <summary>Structures that older headers lack, with the macro that came with them. Their fields are 64 bits each, in order, in linux/fs.h.</summary>
    private static readonly Dictionary<string, string> SinceMacro = new() { ["pm_scan_arg"] = "PAGEMAP_SCAN", ["page_region"] = "PAGEMAP_SCAN" };

    /// <summary>Structures and their fields that came with newer headers, with a macro that came with them, or with the version that the field came with.</summary>
    private static readonly Dictionary<string, string> NewWithMacro = new()
    {
        ["vfio_device_info"] = "VFIO_DEVICE_BIND_IOMMUFD",
        ["vfio_iommu_type1_info"] = "VFIO_DEVICE_BIND_IOMMUFD",
        ["vfio_device_bind_iommufd"] = "VFIO_DEVICE_BIND_IOMMUFD",
        ["vfio_device_attach_iommufd_pt"] = "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
        ["vfio_device_detach_iommufd_pt"] = "VFIO_DEVICE_DETACH_IOMMUFD_PT",
        ["vfio_precopy_info"] = "VFIO_MIG_GET_PRECOPY_INFO",
        ["vfio_device_feature_mig_data_size"] = "VFIO_DEVICE_FEATURE_MIG_DATA_SIZE",
        ["vfio_device_feature_dma_logging_control"] = "VFIO_DEVICE_FEATURE_DMA_LOGGING_START",
        ["vfio_device_feature_dma_logging_range"] = "VFIO_DEVICE_FEATURE_DMA_LOGGING_START",
        ["vfio_device_feature_dma_logging_report"] = "VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT",
        ["iommu_destroy"] = "IOMMU_DESTROY",
        ["iommu_ioas_alloc"] = "IOMMU_IOAS_ALLOC",
        ["iommu_iova_range"] = "IOMMU_IOAS_IOVA_RANGES",
        ["iommu_ioas_iova_ranges"] = "IOMMU_IOAS_IOVA_RANGES",
        ["iommu_ioas_map"] = "IOMMU_IOAS_MAP",
        ["iommu_ioas_map_file"] = "IOMMU_IOAS_MAP_FILE",
        ["iommu_ioas_unmap"] = "IOMMU_IOAS_UNMAP",
        ["iommu_option"] = "IOMMU_OPTION",
        ["iommu_vfio_ioas"] = "IOMMU_VFIO_IOAS",
        ["iommu_hw_info"] = "IOMMU_GET_HW_INFO",
        ["iommu_hwpt_set_dirty_tracking"] = "IOMMU_HWPT_SET_DIRTY_TRACKING",
        ["iommu_hwpt_get_dirty_bitmap"] = "IOMMU_HWPT_GET_DIRTY_BITMAP",

        // Grew by the number of a fault queue, in the version that has fault queues.
        ["iommu_hwpt_alloc"] = "IOMMU_FAULT_QUEUE_ALLOC",
    };

    public static TheoryData<string> Structures => [.. StructTypes().Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Structures))]
    public void A_structure_has_the_size_and_the_offsets_of_the_headers(string typeName)
    {
        Assert.SkipWhen(CProbe.Problem is not null, CProbe.Problem ?? "");
        var type = typeof(KernelCallException).Assembly.GetType(typeName)!;
        var mirror = type.GetCustomAttribute<KernelStructAttribute>();
        Assert.True(mirror is not null, $"{typeName} has a layout and does not say which structure it mirrors");
        var fields = InstanceFields(type);
        var names = mirror.Fields?.Split(' ') ?? [.. fields.Select(field => SnakeCase(field.Name))];
        Assert.Equal(fields.Length, names.Length);
        if (SinceMacro.TryGetValue(mirror.Name, out var macro) && !CProbe.IsDefined(macro))
        {
            Assert.Equal(fields.Length * 8, Marshal.SizeOf(type));
            Assert.Equal(Enumerable.Range(0, fields.Length).Select(i => i * 8), fields.Select(field => (int)Marshal.OffsetOf(type, field.Name)));
            return;
        }

        if (NewWithMacro.TryGetValue(mirror.Name, out macro))
        {
            Assert.SkipUnless(CProbe.IsDefined(macro), $"struct {mirror.Name}: the headers have no {macro}; {CProbe.Remedy}");
        }

        var expressions = names.Select(name => $"offsetof(struct {mirror.Name}, {name})")
            .Concat(names.Select(name => $"sizeof(((struct {mirror.Name} *)0)->{name})"))
            .Append($"sizeof(struct {mirror.Name})").ToArray();
        var expected = expressions.Zip(CProbe.Evaluate(expressions)).ToArray();
        var actual = fields.Select(field => (ulong)Marshal.OffsetOf(type, field.Name))
            .Concat(fields.Select(SizeOf))
            .Append((ulong)Marshal.SizeOf(type)).ToArray();
        Assert.Equal(expected, expressions.Zip(actual));
    }

    [Fact]
    public void Every_request_of_kvm_has_the_headers_number()
    {
        var requests = typeof(KvmCalls).GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(field => field.FieldType == typeof(KvmRequest)).Select(field => (KvmRequest)field.GetValue(null)!).ToArray();
        Assert.True(requests.Length > 30);
        AssertValues([.. requests.Select(request => (request.Name, (ulong)request.Number))]);
    }

    public static TheoryData<string> VfioRequests => [.. RequestsOfVfio().Select(request => request.Name)];

    [Theory]
    [MemberData(nameof(VfioRequests))]
    public void A_request_of_vfio_or_iommufd_has_the_headers_number(string name)
    {
        Assert.SkipWhen(CProbe.Problem is not null, CProbe.Problem ?? "");
        Assert.SkipUnless(CProbe.IsDefined(name), $"the headers have no {name}; {CProbe.Remedy}");
        AssertValues([(name, (ulong)RequestsOfVfio().Single(request => request.Name == name).Number)]);
    }

    [Fact]
    public void Everything_else_that_is_a_number_in_a_header_is_that_number_here() => AssertValues(
    [
        ("offsetof(struct kvm_run, immediate_exit)", KvmVcpu.ImmediateExitOffset),
        ("offsetof(struct kvm_run, exit_reason)", KvmVcpu.ExitReasonOffset),
        ("offsetof(struct kvm_run, io.direction)", KvmVcpu.ExitOffset),
        ("offsetof(struct kvm_run, io.size)", KvmVcpu.ExitOffset + 1),
        ("offsetof(struct kvm_run, io.port)", KvmVcpu.ExitOffset + 2),
        ("offsetof(struct kvm_run, io.count)", KvmVcpu.ExitOffset + 4),
        ("offsetof(struct kvm_run, io.data_offset)", KvmVcpu.ExitOffset + 8),
        ("offsetof(struct kvm_run, mmio.phys_addr)", KvmVcpu.ExitOffset),
        ("offsetof(struct kvm_run, mmio.data)", KvmVcpu.ExitOffset + 8),
        ("offsetof(struct kvm_run, mmio.len)", KvmVcpu.ExitOffset + 16),
        ("offsetof(struct kvm_run, mmio.is_write)", KvmVcpu.ExitOffset + 20),
        ("sizeof(struct kvm_xcrs)", 392), ("sizeof(struct kvm_vcpu_events)", 64), ("sizeof(struct kvm_debugregs)", 128),
        ("sizeof(struct kvm_lapic_state)", 1024), ("sizeof(struct kvm_mp_state)", 4), ("sizeof(struct kvm_cpuid2)", 8),
        ("sizeof(struct kvm_cpuid_entry2)", 40), ("sizeof(struct sigaction)", 152), ("offsetof(struct sigaction, sa_handler)", 0),
        ("KVM_EXIT_IO", (ulong)KvmExit.Io), ("KVM_EXIT_MMIO", (ulong)KvmExit.Mmio), ("KVM_EXIT_HLT", (ulong)KvmExit.Halt),
        ("KVM_EXIT_INTR", (ulong)KvmExit.Interrupted), ("KVM_EXIT_DIRTY_RING_FULL", (ulong)KvmExit.DirtyRingFull),
        ("KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2", (ulong)KvmCapability.ManualDirtyLogProtect2),
        ("KVM_CAP_DIRTY_LOG_RING", (ulong)KvmCapability.DirtyLogRing), ("KVM_CAP_XSAVE2", (ulong)KvmCapability.Xsave2),
        ("UFFDIO_API", UserfaultCalls.Api), ("UFFDIO_REGISTER", UserfaultCalls.Register), ("UFFDIO_UNREGISTER", UserfaultCalls.Unregister),
        ("UFFDIO_WRITEPROTECT", UserfaultCalls.WriteProtect), ("UFFD_FEATURE_WP_HUGETLBFS_SHMEM", UserfaultCalls.FeatureWriteProtectShmem),
        ("VFIO_DEVICE_STATE_RESUMING", (ulong)VfioDeviceState.Resuming), ("VFIO_DEVICE_STATE_RUNNING_P2P", (ulong)VfioDeviceState.RunningP2P),
        ("VFIO_MIGRATION_STOP_COPY", (ulong)VfioMigrationFlags.StopCopy), ("VFIO_MIGRATION_P2P", (ulong)VfioMigrationFlags.P2P),
    ]);

    [Fact]
    public void A_wrong_number_would_be_seen()
    {
        Assert.SkipWhen(CProbe.Problem is not null, CProbe.Problem ?? "");
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertValues([("sizeof(struct kvm_regs)", 143)]));
    }

    private static void AssertValues(IReadOnlyList<(string Expression, ulong Value)> rows)
    {
        Assert.SkipWhen(CProbe.Problem is not null, CProbe.Problem ?? "");
        var values = CProbe.Evaluate([.. rows.Select(row => row.Expression)]);
        Assert.Equal(rows.Select((row, i) => (row.Expression, values[i])), rows);
    }

    private static IEnumerable<VfioRequest> RequestsOfVfio() => new[] { typeof(VfioCalls), typeof(IommufdCalls) }
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
        .Where(field => field.FieldType == typeof(VfioRequest)).Select(field => (VfioRequest)field.GetValue(null)!);

    private static IEnumerable<Type> StructTypes() =>
        typeof(KernelCallException).Assembly.GetTypes().Where(type => type.IsValueType && !type.IsEnum && type.StructLayoutAttribute is { Size: > 0 }
            && !type.Name.Contains('<') && type.DeclaringType is null);

    private static FieldInfo[] InstanceFields(Type type) =>
        [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => (int)Marshal.OffsetOf(type, field.Name))];

    private static ulong SizeOf(FieldInfo field)
    {
        var buffer = field.GetCustomAttribute<System.Runtime.CompilerServices.FixedBufferAttribute>();
        var type = field.FieldType;
        return buffer is not null ? (ulong)(buffer.Length * Marshal.SizeOf(buffer.ElementType))
            : type.IsPointer ? (ulong)IntPtr.Size
            : type.GetCustomAttribute<System.Runtime.CompilerServices.InlineArrayAttribute>() is { } inline
                ? (ulong)(inline.Length * Marshal.SizeOf(type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic)[0].FieldType))
            : (ulong)Marshal.SizeOf(type);
    }

    private static string SnakeCase(string name) => WordStart().Replace(name, "_$1").ToLowerInvariant();

    [GeneratedRegex("(?<!^)([A-Z])")]
    private static partial Regex WordStart();
}
