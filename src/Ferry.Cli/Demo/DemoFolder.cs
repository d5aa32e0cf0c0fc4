using Ferry.Cli.Control;
using Ferry.Cli.Hosting;
using Ferry.Cli.Values;

namespace Ferry.Cli.Demo;

/// <summary>A private folder for the sockets and machine files of one demo, removed when disposed.</summary>
internal sealed class DemoFolder : IDisposable
{
    /// <summary>A new folder.</summary>
    public DemoFolder() => Path = RuntimeFolder.Create("ferry-demo-");

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The path of a file in it.</summary>
    public string FileOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes the machine file of one side. Sockets are named relative to it, so that no path needs quoting.</summary>
    public string WriteMachineFile(string side, DemoSettings settings)
    {
        var file = FileOf($"{side}.toml");
        File.WriteAllText(
            file,
            FormattableString.Invariant(
                $"""
                name = "demo"
                memory = "{SizeText.Exact(settings.MemoryBytes)}"
                vcpus = {settings.VcpuCount}
                huge-pages = {(settings.HugePages ? "true" : "false")}
                accelerator = "{settings.Accelerator}"
                vcpu-tracker = "{settings.VcpuTracker}"
                fill = "{settings.Fill}"
                populate = {(settings.Migrate.Populate == MigrateChoices.PopulateBefore ? "true" : "false")}

                [ledger]
                working-set = "{SizeText.Exact(settings.Ledger.WorkingSetBytes)}"
                dirty-rate = "{RateText.Exact(settings.Ledger.DirtyRateBytesPerSecond)}"
                nic-working-set = "{SizeText.Exact(settings.Ledger.NicWorkingSetBytes)}"
                check-stride = {settings.Ledger.CheckStrideBytes}
                seed = {settings.Ledger.Seed}

                {string.Concat(settings.Nics.Select((_, i) => $"[[device]]\nid = \"nic{i}\"\nkind = \"rnic\"\nsocket = \"{side}-nic{i}.sock\"\ndma = \"{settings.NicDma}\"\niommu = {(settings.NicIommu ? "true" : "false")}\n{(settings.NicPeers ? $"peer = \"nic{(i + 1) % settings.Nics.Count}\"\n" : "")}\n"))}[control]
                socket = "{side}.sock"

                """));
        return file;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody was tidier.
        }
    }
}
