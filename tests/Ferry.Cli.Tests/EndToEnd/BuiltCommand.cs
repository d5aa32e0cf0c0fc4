using System.Diagnostics;
using System.Globalization;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The built executable, run as a user would.</summary>
internal static class BuiltCommand
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "ferry");

    public static async Task<(int Code, string Output, string Error)> RunAsync(string runtimeFolder, params string[] arguments)
    {
        using var process = Start(runtimeFolder, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            return (await ExitAsync(process), await output, await error);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"ferry {string.Join(' ', arguments)}: {e.Message} {await error}");
        }
    }

    /// <summary>Starts it with its standard input closed.</summary>
    public static Process Start(string runtimeFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_RUNTIME_DIR"] = runtimeFolder;
        // A profile of this host would change what policies do.
        start.Environment["XDG_STATE_HOME"] = runtimeFolder;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Sends a signal and gives the exit code.</summary>
    public static async Task<int> SignalAsync(Process process, string signal)
    {
        using (var kill = Process.Start("kill", [signal, process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        return await ExitAsync(process);
    }

    private static async Task<int> ExitAsync(Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("It did not end.");
        }
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
