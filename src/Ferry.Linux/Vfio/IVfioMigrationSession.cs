namespace Ferry.Linux.Vfio;

/// <summary>A data session of a kernel device.</summary>
internal interface IVfioMigrationSession : IDisposable
{
    /// <summary>Reads state bytes; 0 where there are none.</summary>
    int Read(Span<byte> buffer);

    /// <summary>Writes state bytes, all of them.</summary>
    void Write(ReadOnlySpan<byte> data);
}
