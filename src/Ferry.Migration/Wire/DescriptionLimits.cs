using Ferry.Migration.Source;

namespace Ferry.Migration.Wire;

/// <summary>The bounds within which a description is taken seriously at all.</summary>
internal static class DescriptionLimits
{
    private const ulong PageBytes = 4096;

    /// <exception cref="StreamProtocolException">A count, a length or a text is out of bounds, or ranges are not in order.</exception>
    internal static void Check(MachineDescription description)
    {
        CheckText("name", description.Name);
        CheckText("accelerator", description.Accelerator);
        CheckNumber("vcpuCount", description.VcpuCount, 1, MachineDescription.MaxVcpus);
        CheckNumber("pageBytes", description.PageBytes, (long)PageBytes, (long)PageBytes);
        CheckNumber("channels", description.Channels, 1, SourceOptions.MaxChannels);
        CheckNumber("memory", description.Memory.Count, 1, MachineDescription.MaxRegions);
        CheckNumber("devices", description.Devices.Count, 0, MachineDescription.MaxDevices);
        CheckNumber("populated", description.Populated.Count, 0, MachineDescription.MaxExtents);
        CheckRanges("memory", description.Memory);
        CheckRanges("populated", description.Populated);
        if (!Enum.IsDefined(description.Compression) || !Enum.IsDefined(description.Populate))
        {
            throw new StreamProtocolException($"The machine's description asks for compression {description.Compression} and population {description.Populate}.");
        }

        foreach (var device in description.Devices)
        {
            if (device is null)
            {
                throw new StreamProtocolException("The machine's description has a device that is null.");
            }

            CheckText("device id", device.Id);
            CheckText("device kind", device.Kind);
        }
    }

    private static void CheckText(string what, string? text)
    {
        if (text is null || text.Length is 0 or > MachineDescription.MaxTextChars || text.Any(char.IsControl))
        {
            throw new StreamProtocolException(
                $"The machine's description has a {what} of {text?.Length ?? 0} characters, or control characters in it; 1 to {MachineDescription.MaxTextChars} are allowed.");
        }
    }

    private static void CheckNumber(string what, long value, long least, long most)
    {
        if (value < least || value > most)
        {
            throw new StreamProtocolException($"The machine's description has {what} {value}; {least} to {most} are allowed.");
        }
    }

    private static void CheckRanges(string what, IReadOnlyList<DescribedRange> ranges)
    {
        ulong end = 0;
        foreach (var range in ranges)
        {
            if (range.Bytes == 0 || ((range.Start | range.Bytes) & (PageBytes - 1)) != 0 || range.Start < end || range.Bytes > ulong.MaxValue - range.Start)
            {
                throw new StreamProtocolException(
                    $"The machine's description has a {what} range 0x{range.Start:x} of {range.Bytes} bytes that is empty, unaligned, wraps or is not in order.");
            }

            end = range.Start + range.Bytes;
        }
    }
}
