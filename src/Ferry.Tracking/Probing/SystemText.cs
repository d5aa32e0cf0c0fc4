using System.Buffers;
using System.Globalization;

namespace Ferry.Tracking.Probing;

/// <summary>Reads what the kernel writes into /proc and /sys; of what is not as it should be it takes nothing.</summary>
internal static class SystemText
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");
    private const int MaxOptionChars = 128;
    private static readonly string[] BootOptions = ["intel_iommu=", "amd_iommu=", "iommu=", "iommu.", "vfio", "kvm", "hugepages=", "hugepagesz=", "default_hugepagesz="];

    /// <summary>The first two numbers of a kernel's release, such as <c>6.12.117-lab</c>; null where there are none.</summary>
    public static Version? ParseRelease(string? release)
    {
        if (release is null)
        {
            return null;
        }

        var at = 0;
        return TryNumber(release, ref at, out var major) && at < release.Length && release[at++] == '.' && TryNumber(release, ref at, out var minor)
            ? new(major, minor)
            : null;
    }

    /// <summary>What stands behind a name and a colon at the beginning of a line; null where the line is not there.</summary>
    public static string? FieldOf(string? text, string name)
    {
        foreach (var line in (text ?? "").AsSpan().EnumerateLines())
        {
            var colon = line.IndexOf(':');
            if (colon >= 0 && line[..colon].Trim().SequenceEqual(name))
            {
                return line[(colon + 1)..].Trim().ToString();
            }
        }

        return null;
    }

    /// <summary>A size as /proc/meminfo has it, <c>24683652 kB</c>, in bytes.</summary>
    public static ulong? ParseKilobytes(string? text) =>
        text is not null && text.EndsWith(" kB", StringComparison.Ordinal) && ulong.TryParse(text.AsSpan(0, text.Length - 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= ulong.MaxValue >> 10
            ? number << 10
            : null;

    /// <summary>A number in decimal digits.</summary>
    public static ulong? ParseNumber(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A number in hexadecimal digits, with or without <c>0x</c>, up to whatever is no such digit.</summary>
    public static ulong? ParseHex(string? text)
    {
        var digits = (text ?? "").AsSpan();
        digits = digits.StartsWith("0x", StringComparison.Ordinal) ? digits[2..] : digits;
        var end = digits.IndexOfAnyExcept(HexDigits);
        return ulong.TryParse(end < 0 ? digits : digits[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Of a folder's name such as <c>hugepages-2048kB</c> the size in bytes.</summary>
    public static ulong? ParseHugePageFolder(string name)
    {
        const string Before = "hugepages-";
        return name.StartsWith(Before, StringComparison.Ordinal) && name.EndsWith("kB", StringComparison.Ordinal) && name.Length > Before.Length + 2
            && ParseKilobytes($"{name.AsSpan(Before.Length, name.Length - Before.Length - 2)} kB") is { } bytes && ulong.IsPow2(bytes) && bytes >= 4096
                ? bytes
                : null;
    }

    /// <summary>The options of a kernel's command line that bear on devices and memory. The rest may hold what is nobody's business.</summary>
    public static IReadOnlyList<string> ParseBootOptions(string? commandLine) =>
        [.. (commandLine ?? "").Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Where(option => option.Length <= MaxOptionChars && Array.Exists(BootOptions, begin => option.StartsWith(begin, StringComparison.Ordinal)))];

    /// <summary>Of a choice such as <c>always [madvise] never</c> the one that holds.</summary>
    public static string? ParseChosen(string? text)
    {
        var open = text?.IndexOf('[', StringComparison.Ordinal) ?? -1;
        var close = open < 0 ? -1 : text!.IndexOf(']', open);
        return close < 0 ? null : text![(open + 1)..close];
    }

    private static bool TryNumber(string text, ref int at, out int number)
    {
        var first = at;
        while (at < text.Length && at - first < 6 && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return int.TryParse(text.AsSpan(first, at - first), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
