using Ferry.Cli.Documents;
using Ferry.Cli.Policies;
using Spectre.Console;

namespace Ferry.Cli.Ui;

/// <summary>A policy for people.</summary>
internal static class PolicyView
{
    /// <summary>Writes <paramref name="policy"/> to <paramref name="console"/>.</summary>
    public static void Write(IAnsiConsole console, PolicyDocument policy)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("[bold]of[/]").AddColumn("[bold]key[/]").AddColumn("[bold]value[/]").AddColumn("[bold]from[/]");
        foreach (var source in policy.Sources)
        {
            var name = source.Source == "*" ? "any other device" : source.Source;
            foreach (var setting in source.Settings)
            {
                Add(table, name, setting);
                name = "";
            }
        }

        var whole = "the migration";
        foreach (var setting in policy.Settings)
        {
            Add(table, whole, setting);
            whole = "";
        }

        console.Write(table);
    }

    private static void Add(Table table, string of, SettingDocument setting)
    {
        var isDefault = setting.From == PolicyChoices.Default;
        table.AddRow(
            Markup.Escape(of), Markup.Escape(setting.Key), Markup.Escape(setting.Value), isDefault ? $"[grey]{setting.From}[/]" : $"[bold]{Markup.Escape(setting.From)}[/]");
    }
}
