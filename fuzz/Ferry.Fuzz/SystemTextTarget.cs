using System.Text;
using Ferry.Tracking.Probing;

namespace Ferry.Fuzz;

/// <summary>What the kernel and its drivers write into /proc and /sys: whatever it is, what is taken of it is in bounds.</summary>
internal sealed class SystemTextTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "system-text";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (SystemText.ParseRelease(text) is { Major: < 0 } or { Minor: < 0 })
        {
            throw new InvalidOperationException("a negative version");
        }

        if (SystemText.ParseHugePageFolder(text) is { } bytes && (!ulong.IsPow2(bytes) || bytes < 4096))
        {
            throw new InvalidOperationException($"a huge page of {bytes} bytes");
        }

        if (SystemText.ParseBootOptions(text).Any(option => option.Length > 128 || option.Contains(' ', StringComparison.Ordinal)))
        {
            throw new InvalidOperationException("an option that is none");
        }

        _ = SystemText.ParseKilobytes(SystemText.FieldOf(text, "MemTotal"));
        _ = SystemText.FieldOf(text, "flags")?.Split(' ');
        _ = (SystemText.ParseNumber(text), SystemText.ParseHex(text), SystemText.ParseChosen(text));
    }
}
