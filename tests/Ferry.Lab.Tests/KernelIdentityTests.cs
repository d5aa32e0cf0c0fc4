using System.Diagnostics;
using Xunit;

namespace Ferry.Lab.Tests;

/// <summary>A kernel that was built is used again only for the configuration and the drivers that it was built of.</summary>
public sealed class KernelIdentityTests : IDisposable
{
    private const string Driver = "kernel/ferry_rnic";
    private static readonly string[] Parts = ["build-kernel", "kernel.config"];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-lab-");

    public KernelIdentityTests()
    {
        var lab = Path.Combine(FindRoot(), "lab");
        foreach (var part in Parts.Concat(Directory.EnumerateFiles(Path.Combine(lab, "kernel"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(lab, file))))
        {
            var copy = At(part);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(lab, part), copy);
        }

        // A machine whose distribution has no such package: what is not in the cache can't be built, and nothing is asked of a network.
        foreach (var tool in (string[])["apt-get", "apt-cache"])
        {
            Directory.CreateDirectory(Path.Combine(_folder.FullName, "bin"));
            var path = Path.Combine(_folder.FullName, "bin", tool);
            File.WriteAllText(path, "#!/bin/sh\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_kernel_that_is_there_is_taken_and_not_built()
    {
        var kernel = MakeKernel();
        Assert.Equal((0, kernel), Run());
    }

    [Theory]
    [InlineData("a changed configuration")]
    [InlineData("a changed source")]
    [InlineData("a changed Makefile")]
    [InlineData("a new file")]
    [InlineData("a file less")]
    [InlineData("a file of another name")]
    [InlineData("another driver")]
    public void A_kernel_of_other_sources_is_not_taken(string change)
    {
        MakeKernel();
        var source = At($"{Driver}/log.c");
        switch (change)
        {
            case "a changed configuration":
                File.AppendAllText(At("kernel.config"), "CONFIG_NET=n\n");
                break;
            case "a changed source":
                File.AppendAllText(source, "\n");
                break;
            case "a changed Makefile":
                File.AppendAllText(At($"{Driver}/Makefile"), "ccflags-y += -DDEBUG\n");
                break;
            case "a new file":
                File.WriteAllText(At($"{Driver}/more.h"), "");
                break;
            case "a file less":
                File.Delete(source);
                break;
            case "a file of another name":
                File.Move(source, At($"{Driver}/logs.c"));
                break;
            default:
                Directory.CreateDirectory(At("kernel/other"));
                File.Copy(At($"{Driver}/Kconfig"), At("kernel/other/Kconfig"));
                break;
        }

        var (code, output) = Run();
        Assert.True(code == 1 && output.Length == 0, $"it ended with code {code} and said {output}");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Ferry.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("There is no Ferry.slnx above the tests.");
        }

        return folder.FullName;
    }

    private string At(string part) => Path.Combine(_folder.FullName, "lab", part);

    private string MakeKernel() =>
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "cache", "ferry-lab", $"kernel-6.12.1-1-{Run("--identity").Output}")).FullName;

    private (int Code, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [At("build-kernel"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Path.Combine(_folder.FullName, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(_folder.FullName, "cache");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode, errors.Wait(TimeSpan.FromSeconds(10)) ? output : "");
    }
}
