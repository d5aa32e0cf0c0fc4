using System.Diagnostics;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A process that ends with the test, however that ends.</summary>
internal sealed class EndedProcess(Process process) : IDisposable
{
    public Process Process => process;

    public void Dispose()
    {
        using (process)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }
        }
    }
}
