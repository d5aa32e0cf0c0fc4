namespace Ferry.VfioUser;

/// <summary>A device that can say where guest memory is mapped in its process, so that its client can watch that process's page table.</summary>
public interface IPageTableDevice
{
    /// <summary>Lists the mappings that are mapped here and may be written, and where. Called by the server's thread.</summary>
    /// <remarks>All that the device writes, it has to write through these.</remarks>
    IReadOnlyList<MappedWindow> GetMappedWindows();
}
