namespace Ferry.Cli.Demo;

/// <summary>Where the demo's processes come from.</summary>
internal interface IDemoWorld
{
    /// <summary>How long to wait for a guest to show work.</summary>
    TimeSpan Patience { get; }

    /// <summary>Starts <c>ferry</c> with <paramref name="arguments"/>, in the role of <paramref name="role"/>.</summary>
    IDemoChild Start(string role, IReadOnlyList<string> arguments);

    /// <summary>The options by which the destination is told where to listen.</summary>
    IReadOnlyList<string> Listen { get; }

    /// <summary>The address by which the source reaches a destination that listens at <paramref name="address"/>.</summary>
    string RouteTo(string address);
}
