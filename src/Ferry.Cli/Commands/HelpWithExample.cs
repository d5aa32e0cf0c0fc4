using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Ferry.Cli.Commands;

/// <summary>Help that ends with examples.</summary>
internal sealed class HelpWithExample : SynchronousCommandLineAction
{
    private readonly SynchronousCommandLineAction _help;
    private readonly string[] _examples;

    private HelpWithExample(SynchronousCommandLineAction help, string[] examples) => (_help, _examples) = (help, examples);

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Lets the help of <paramref name="command"/> end with <paramref name="examples"/>.</summary>
    public static void AddTo(Command command, params string[] examples)
    {
        var help = command.Options.OfType<HelpOption>().SingleOrDefault();
        if (help is null)
        {
            // The root's help option serves all verbs; an own one takes precedence.
            help = new HelpOption();
            command.Add(help);
        }

        help.Action = new HelpWithExample(help.Action as SynchronousCommandLineAction ?? new HelpAction(), examples);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = _help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(_examples.Length == 1 ? "Example:" : "Examples:");
        foreach (var example in _examples)
        {
            output.WriteLine($"  {example}");
        }

        output.WriteLine();
        return code;
    }
}
