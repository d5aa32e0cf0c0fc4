using Ferry.Cli.Demo;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A demo's world in which one thing is broken.</summary>
internal sealed class FaultyWorld : ProcessWorld, IDisposable
{
    private AlteringProxy? _proxy;
    private IDemoChild? _source;

    public FaultyWorld()
        : base(BuiltCommand.Path)
    {
    }

    /// <summary>Whether one byte is altered between source and destination.</summary>
    public bool AltersByte { get; init; }

    /// <summary>Whether the destination's device forgets the state that it is given.</summary>
    public bool LosesDeviceState { get; init; }

    /// <summary>Whether the source's device is one of this process; and whether it writes a page without the machine's knowing.</summary>
    public bool HasOwnDevice { get; init; }

    /// <inheritdoc cref="HasOwnDevice"/>
    public bool LosesMarks { get; init; }

    /// <summary>The source's device, where it is one of this process.</summary>
    public SecretiveDevice? OwnDevice { get; private set; }

    /// <summary>Whether the byte was altered.</summary>
    public bool WasAltered => _proxy is { WasAltered: true };

    public override TimeSpan Patience => TimeSpan.FromSeconds(LosesDeviceState ? 4 : 30);

    public override IDemoChild Start(string role, IReadOnlyList<string> arguments)
    {
        switch (role)
        {
            case "destination device" when LosesDeviceState:
                return new ForgetfulDevice(arguments[arguments.ToList().IndexOf("--socket") + 1]);
            case "source device" when HasOwnDevice:
                return OwnDevice = new SecretiveDevice(arguments, () => _source?.Id, LosesMarks);
            case "source host":
                return _source = base.Start(role, arguments);
            default:
                return base.Start(role, arguments);
        }
    }

    public override string RouteTo(string address)
    {
        if (!AltersByte)
        {
            return address;
        }

        // Beyond what the guest writes: a page that it writes again would be sent again, whole.
        _proxy = new AlteringProxy(address, alterAtByte: 12 << 20);
        return _proxy.Address;
    }

    public void Dispose() => _proxy?.Dispose();
}
