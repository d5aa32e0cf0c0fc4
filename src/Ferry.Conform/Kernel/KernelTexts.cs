using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Kernel;

/// <summary>The commands as the calls that they are. Source: linux/vfio.h, linux/iommufd.h.</summary>
/// <param name="mapRequest">The request that maps memory.</param>
internal sealed class KernelTexts(string mapRequest) : ICommandTexts
{
    public string AskAbilities => "VFIO_DEVICE_GET_INFO, VFIO_DEVICE_FEATURE GET MIGRATION, PROBE DMA_LOGGING_START, _STOP, _REPORT";

    public string GetState => "VFIO_DEVICE_FEATURE GET MIG_DEVICE_STATE";

    public string EstimateStopCopyBytes => "VFIO_DEVICE_FEATURE GET MIG_DATA_SIZE";

    public string AskPreCopy => "VFIO_MIG_GET_PRECOPY_INFO";

    public string StopDmaLog => "VFIO_DEVICE_FEATURE SET DMA_LOGGING_STOP";

    public string Reset => "VFIO_DEVICE_RESET";

    public string SetState(VfioDeviceState next) => $"VFIO_DEVICE_FEATURE SET MIG_DEVICE_STATE {VfioMigrationNames.Of(next)}";

    public string ReadData(int bytes) => FormattableString.Invariant($"read(data_fd, {bytes})");

    public string WriteData(int bytes) => FormattableString.Invariant($"write(data_fd, {bytes})");

    public string MapDma(IovaRange range) => $"{mapRequest} {range} read write";

    public string StartDmaLog(PageSize pageSize, string ranges) => $"VFIO_DEVICE_FEATURE SET DMA_LOGGING_START {pageSize} {ranges}";

    public string ReportDmaLog(IovaRange range, PageSize pageSize) => $"VFIO_DEVICE_FEATURE GET DMA_LOGGING_REPORT {range} {pageSize}";

    public string ReadRegion(int region, ulong offset, int bytes) => FormattableString.Invariant($"pread(region {region} + 0x{offset:x}, {bytes})");

    public string WriteRegion(int region, ulong offset, string bytes) => FormattableString.Invariant($"pwrite(region {region} + 0x{offset:x}, {bytes})");

    public string SetInterrupt(int index) => FormattableString.Invariant($"VFIO_DEVICE_SET_IRQS {index} 0 eventfd trigger");
}
