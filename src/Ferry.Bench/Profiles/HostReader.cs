using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ferry.Linux.Kvm;

namespace Ferry.Bench.Profiles;

/// <summary>Finds the facts of this host.</summary>
/// <remarks>The fingerprint is the SHA-256 of processor model, cores, memory in whole GiB, kernel release and accelerator: what costs depend
/// on, and nothing that names the host. Two hosts that are alike share it. Source: proc(5), /proc/cpuinfo and /proc/sys/kernel/osrelease.</remarks>
public static class HostReader
{
    /// <summary>The facts of this host.</summary>
    /// <exception cref="IOException">/proc can't be read.</exception>
    public static HostFacts Read()
    {
        var kernel = Clean(File.ReadAllText("/proc/sys/kernel/osrelease"));
        var model = Clean(File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1] ?? "unknown");
        var memory = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var accelerator = "thread";
        if (KvmSystem.TryOpen(out var kvm, out _))
        {
            kvm!.Dispose();
            accelerator = "kvm";
        }

        return Create(kernel, model, Environment.ProcessorCount, memory, accelerator);
    }

    /// <summary>The facts with their fingerprint.</summary>
    internal static HostFacts Create(string kernel, string cpuModel, int cores, ulong memoryBytes, string accelerator)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{cpuModel}\n{cores}\n{(memoryBytes + (1UL << 29)) >> 30}\n{kernel}\n{accelerator}");
        return new HostFacts
        {
            Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
            Kernel = kernel,
            CpuModel = cpuModel,
            Cores = cores,
            MemoryBytes = memoryBytes,
            Accelerator = accelerator,
        };
    }

    private static string Clean(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : "unknown";
}
