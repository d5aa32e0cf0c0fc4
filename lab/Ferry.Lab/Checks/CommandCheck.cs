using Ferry.Lab.Commands;

namespace Ferry.Lab.Checks;

/// <summary>The ferry command itself runs here: it says its version, and moves a machine on nested KVM from one process to another.</summary>
internal sealed class CommandCheck : ILabCheck
{
    private const string Machine = """
        name = "ledger"
        memory = "64M"
        accelerator = "kvm"

        [ledger]
        working-set = "1M"
        dirty-rate = "1M"

        """;

    /// <inheritdoc/>
    public string Name => "command";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var version = FerryProcess.Run("--version").Trim();
        LabContext.Require(Version.TryParse(version, out _), $"ferry --version says '{version}'");
        using var move = new MachineMove(Machine, Machine);
        var report = move.Run([]);
        var (sent, rounds) = (report.GetProperty("sentPages").GetInt64(), report.GetProperty("rounds").GetInt32());
        LabContext.Require(sent > 0 && rounds > 0, $"{sent} pages were sent in {rounds} rounds");
        return $"ferry {version} moved a machine on nested KVM: {sent} pages in {rounds} rounds, memory and guest verified";
    }
}
