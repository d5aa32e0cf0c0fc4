using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.VfioUser;

/// <summary>The commands by their names in the specification. Source: QEMU docs/interop/vfio-user.rst.</summary>
internal sealed class VfioUserTexts : ICommandTexts
{
    public string AskAbilities => "GET abilities";

    public string GetState => "GET_STATE";

    public string EstimateStopCopyBytes => "GET MIG_DATA_SIZE";

    public string AskPreCopy => "GET pre-copy sizes";

    public string StopDmaLog => "DMA_LOGGING_STOP";

    public string Reset => "DEVICE_RESET";

    public string SetState(VfioDeviceState next) => $"SET_STATE {VfioMigrationNames.Of(next)}";

    public string ReadData(int bytes) => FormattableString.Invariant($"READ_DATA {bytes}");

    public string WriteData(int bytes) => FormattableString.Invariant($"WRITE_DATA {bytes}");

    public string MapDma(IovaRange range) => $"DMA_MAP {range} read write";

    public string StartDmaLog(PageSize pageSize, string ranges) => $"DMA_LOGGING_START {pageSize} {ranges}";

    public string ReportDmaLog(IovaRange range, PageSize pageSize) => $"DMA_LOGGING_REPORT {range} {pageSize}";

    public string ReadRegion(int region, ulong offset, int bytes) => FormattableString.Invariant($"REGION_READ {region}+0x{offset:x} {bytes}");

    public string WriteRegion(int region, ulong offset, string bytes) => FormattableString.Invariant($"REGION_WRITE {region}+0x{offset:x} {bytes}");

    public string SetInterrupt(int index) => FormattableString.Invariant($"SET_IRQS {index} 0");
}
