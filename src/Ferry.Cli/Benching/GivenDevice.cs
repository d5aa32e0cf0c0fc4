using Ferry.Bench.Measuring;

namespace Ferry.Cli.Benching;

/// <summary>A vfio-user device that runs already, and goes on running.</summary>
internal sealed class GivenDevice(string socketPath) : IBenchDevice
{
    /// <inheritdoc/>
    public string SocketPath => socketPath;

    /// <inheritdoc/>
    public string? DescribeEnd() => null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
