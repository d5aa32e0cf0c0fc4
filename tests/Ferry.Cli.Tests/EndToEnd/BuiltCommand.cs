using System.Diagnostics;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The built executable, run as a user would.</summary>
internal static class BuiltCommand
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "ferry");

    public static async Task<(int Code, string Output, string Error)> RunAsync(string runtimeFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"ferry {string.Join(' ', arguments)} does not end: {await error}");
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>The processes of the command that work in <paramref name="folder"/>.</summary>
    public static IReadOnlyList<int> ProcessesIn(string folder) =>
        [.. Process.GetProcessesByName("ferry").Where(process => Names(process.Id, folder)).Select(process => process.Id)];

    private static bool Names(int processId, string folder)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline").Contains(folder, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
