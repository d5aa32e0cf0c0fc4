using Ferry.Lab.Commands;

namespace Ferry.Lab.Checks;

/// <summary>The ferry command itself runs here: it says its version, and moves a machine on nested KVM from one process to another.</summary>
internal sealed class CommandCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "command";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var version = FerryProcess.Run("--version").Trim();
        LabContext.Require(Version.TryParse(version, out _), $"ferry --version says '{version}'");
        using var source = MachineProcess.Run(LabMachines.Ledger);
        using var destination = MachineProcess.Receive(LabMachines.Ledger);
        source.WaitReady();
        var report = source.MoveTo(destination);
        var (sent, rounds) = (report.GetProperty("sentPages").GetInt64(), report.GetProperty("rounds").GetInt32());
        LabContext.Require(sent > 0 && rounds > 0, $"{sent} pages were sent in {rounds} rounds");
        FerryProcess.Run("tell", "quit", "--control", destination.Control);
        destination.WaitForEnd(0);
        return $"ferry {version} moved a machine on nested KVM: {sent} pages in {rounds} rounds, memory and guest verified";
    }
}
