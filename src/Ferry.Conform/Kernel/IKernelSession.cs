using Ferry.Linux.Vfio;

namespace Ferry.Conform.Kernel;

/// <summary>The calls on the file of a data session, so that a test can answer them.</summary>
internal interface IKernelSession : IDisposable
{
    /// <summary>Reads state bytes.</summary>
    DataRead Read(Span<byte> buffer);

    /// <summary>Writes state bytes, all of them.</summary>
    void Write(ReadOnlySpan<byte> data);

    /// <summary>Asks how much pre-copy still has.</summary>
    VfioPreCopyInfo GetPreCopyInfo();
}
