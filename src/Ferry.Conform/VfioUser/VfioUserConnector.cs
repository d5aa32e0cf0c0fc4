using Ferry.Linux;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;

namespace Ferry.Conform.VfioUser;

/// <summary>A device behind a vfio-user socket.</summary>
/// <param name="socketPath">Where it listens.</param>
/// <param name="answerTime">How long it may take to answer a command.</param>
public sealed class VfioUserConnector(string socketPath, TimeSpan answerTime) : IDeviceConnector
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Name => socketPath;

    /// <inheritdoc/>
    public IDeviceUnderTest Connect()
    {
        var options = new VfioUserClientOptions { ConnectTimeout = ConnectTime, RequestTimeout = answerTime, MessageTimeout = answerTime };
        try
        {
            return new VfioUserTarget(VfioUserClient.Connect(socketPath, options), socketPath);
        }
        catch (VfioUserProtocolException e)
        {
            throw new DeviceFaultException(DeviceFault.Malformed, $"The device does not agree on a version: {e.Message}", e);
        }
        catch (IOException e) when (e is KernelCallException or VfioUserPeerException or VfioUserException)
        {
            throw new DeviceFaultException(e is KernelCallException ? DeviceFault.Gone : DeviceFault.Silent, $"The device does not take a connection: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public string? DescribeLoss() => null;
}
