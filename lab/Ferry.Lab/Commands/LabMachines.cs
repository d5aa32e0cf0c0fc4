namespace Ferry.Lab.Commands;

/// <summary>The machine files that checks give the ferry command.</summary>
internal static class LabMachines
{
    /// <summary>A small machine on nested KVM, which works slowly: everything is emulated.</summary>
    public const string Ledger = """
        name = "ledger"
        memory = "64M"
        accelerator = "kvm"

        [ledger]
        working-set = "1M"
        dirty-rate = "64K"
        nic-working-set = "1M"

        """;

    /// <summary>The same with a device of the kernel's.</summary>
    /// <param name="id">The device's id.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="folder">Its folder in sysfs.</param>
    /// <param name="options">What else its table has.</param>
    public static string With(string id, string kind, string folder, params string[] options) => $"""
        {Ledger}
        [[device]]
        id = "{id}"
        kind = "{kind}"
        vfio = "{Path.GetFileName(folder)}"
        {string.Join('\n', options)}

        """;
}
