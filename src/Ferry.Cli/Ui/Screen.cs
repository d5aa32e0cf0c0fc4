using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>The two outputs of the command: results on one, progress on the other.</summary>
internal sealed class Screen
{
    private const int WidthOfFiles = 120;

    /// <summary>A screen on two writers. Colours and movement only where a writer is a terminal.</summary>
    public Screen(TextWriter output, TextWriter error)
    {
        Output = Create(output);
        Progress = Create(error);
        OutputWriter = output;
    }

    /// <summary>Where results go.</summary>
    public IAnsiConsole Output { get; }

    /// <summary>Where progress goes.</summary>
    public IAnsiConsole Progress { get; }

    /// <summary>Where results go, untouched.</summary>
    public TextWriter OutputWriter { get; }

    private static IAnsiConsole Create(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = WidthOfFiles;
            console.Profile.Capabilities.Ansi = false;
            console.Profile.Capabilities.Interactive = false;
        }

        return console;
    }
}
