using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>What the end-to-end tests run guests on.</summary>
internal static class Accelerators
{
    public static string[] All { get; } = ["thread", "kvm"];

    public static void SkipWhereMissing(string accelerator) => Assert.SkipUnless(accelerator != "kvm" || IsKvmUsable(), "no usable /dev/kvm");

    private static bool IsKvmUsable()
    {
        try
        {
            using var kvm = File.Open("/dev/kvm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
