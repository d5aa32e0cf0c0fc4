using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform;

/// <summary>What the commands of an interface are called in reports, so that a reader can send them again.</summary>
public interface ICommandTexts
{
    /// <summary>The question for what a device claims.</summary>
    string AskAbilities { get; }

    /// <summary>The question for the state.</summary>
    string GetState { get; }

    /// <summary>The question for an estimate.</summary>
    string EstimateStopCopyBytes { get; }

    /// <summary>The question for what pre-copy still has.</summary>
    string AskPreCopy { get; }

    /// <summary>The end of a log.</summary>
    string StopDmaLog { get; }

    /// <summary>A reset.</summary>
    string Reset { get; }

    /// <summary>A request for a state.</summary>
    string SetState(VfioDeviceState next);

    /// <summary>A read of state bytes.</summary>
    string ReadData(int bytes);

    /// <summary>A write of state bytes.</summary>
    string WriteData(int bytes);

    /// <summary>A mapping for reading and writing.</summary>
    string MapDma(IovaRange range);

    /// <summary>The start of a log.</summary>
    string StartDmaLog(PageSize pageSize, string ranges);

    /// <summary>A report of a log.</summary>
    string ReportDmaLog(IovaRange range, PageSize pageSize);

    /// <summary>A read of registers.</summary>
    string ReadRegion(int region, ulong offset, int bytes);

    /// <summary>A write of registers, whose bytes are given in hexadecimal digits.</summary>
    string WriteRegion(int region, ulong offset, string bytes);

    /// <summary>The setting of interrupt 0 of an index.</summary>
    string SetInterrupt(int index);
}
