namespace Ferry.Cli.Demo;

/// <summary>The demo's world as it is: every role is a process of its own, and the source reaches the destination directly.</summary>
internal class ProcessWorld : IDemoWorld
{
    /// <summary>Processes of this same program.</summary>
    public ProcessWorld()
        : this(OwnCommand())
    {
    }

    /// <summary>Processes of another build of the program.</summary>
    protected ProcessWorld(params string[] command) => Command = command;

    /// <summary>What starts the program.</summary>
    protected IReadOnlyList<string> Command { get; }

    /// <inheritdoc/>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> Listen => ["--listen", "127.0.0.1:0"];

    /// <inheritdoc/>
    public virtual IDemoChild Start(string role, IReadOnlyList<string> arguments) => ChildProcess.Start(role, [.. Command, .. arguments]);

    /// <inheritdoc/>
    public virtual string RouteTo(string address) => address;

    /// <summary>What starts this same program.</summary>
    internal static string[] OwnCommand()
    {
        var path = Environment.ProcessPath ?? throw new IOException("this process does not know its own path, so it can't start another of the same program");
        // Hosted by the SDK's muxer, the program is its first argument.
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, Environment.GetCommandLineArgs()[0]] : [path];
    }
}
