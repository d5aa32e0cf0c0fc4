using System.Collections.Concurrent;
using System.Diagnostics;

namespace Ferry.Linux.Tests.Layout;

/// <summary>Asks a C compiler for the values of expressions.</summary>
/// <remarks>The kernel's headers are the installed ones, or those in the folder that FERRY_KERNEL_HEADERS names, as <c>make headers_install</c>
/// leaves it under <c>include</c>.</remarks>
internal static class CProbe
{
    private const string Variable = "FERRY_KERNEL_HEADERS";

    private const string Headers = """
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <stddef.h>
        #include <poll.h>
        #include <signal.h>
        #include <errno.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/un.h>
        #include <linux/fs.h>
        #include <linux/kvm.h>
        #include <linux/userfaultfd.h>
        #include <linux/vfio.h>
        #if __has_include(<linux/iommufd.h>)
        #include <linux/iommufd.h>
        #endif
        """;

    private static readonly ConcurrentDictionary<string, bool> Macros = new();

    /// <summary>Why it can't be asked, or null.</summary>
    public static string? Problem { get; } = Find();

    /// <summary>What to do where the headers are too old.</summary>
    public static string Remedy => $"{Variable} may name a folder with newer ones";

    /// <summary>The values of the expressions, in order.</summary>
    public static ulong[] Evaluate(IReadOnlyList<string> expressions)
    {
        var lines = expressions.Select(expression => $"  printf(\"%llu\\n\", (unsigned long long)({expression}));");
        var output = Run($"{Headers}\nint main(void) {{\n{string.Join('\n', lines)}\n  return 0;\n}}\n");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ulong.Parse)];
    }

    /// <summary>Whether the headers define a macro.</summary>
    public static bool IsDefined(string macro) => Macros.GetOrAdd(macro, static macro =>
        Run($"{Headers}\nint main(void) {{\n#ifdef {macro}\n  puts(\"yes\");\n#endif\n  return 0;\n}}\n").Length > 0);

    private static string? Find()
    {
        try
        {
            return Run($"{Headers}\nint main(void) {{ puts(\"ok\"); return 0; }}\n") == "ok\n" ? null : "the C compiler makes no program that runs";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return $"no C compiler with the kernel's headers: {e.Message}";
        }
    }

    private static string Run(string source)
    {
        var folder = Directory.CreateTempSubdirectory("ferry-layout-");
        try
        {
            var program = Path.Combine(folder.FullName, "probe");
            File.WriteAllText(program + ".c", source);
            string[] headers = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folderOfHeaders ? ["-I", folderOfHeaders] : [];
            Start("cc", [.. headers, "-o", program, program + ".c"]);
            return Start(program, []);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Start(string file, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{file}: {errors.Result}");
    }
}
