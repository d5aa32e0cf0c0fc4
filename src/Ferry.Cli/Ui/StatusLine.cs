using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Values;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>One line at the bottom of a terminal that tells how a machine stands; nothing where there is no terminal.</summary>
internal sealed class StatusLine(IAnsiConsole console) : IDisposable
{
    private readonly bool _live = console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi;
    private bool _shown;

    /// <summary>Replaces what is shown.</summary>
    public void Show(MachineStatus status)
    {
        if (!_live)
        {
            return;
        }

        var guest = status.Guest is null ? "" : $"  {StatusView.DescribeGuest(status.Guest)}";
        var migration = status.Migration is not { } progress
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"  round {progress.Round}, {progress.Phase}, {SizeText.ForPeople(progress.RemainingBytes)} left");
        var text = $"{status.Name}: {status.State}{guest}{migration}";
        Write(text.Length < console.Profile.Width ? text : text[..(console.Profile.Width - 1)]);
        _shown = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_shown)
        {
            Write("");
        }
    }

    // Return to the start of the line, and erase it.
    private void Write(string text)
    {
        console.Profile.Out.Writer.Write($"\r\u001b[2K{text}");
        console.Profile.Out.Writer.Flush();
    }
}
