using System.Globalization;

namespace Ferry.Lab.Devices;

/// <summary>What is chosen of a device of the lab's driver <c>ferry_rnic</c> before it is opened; null leaves what the driver has.</summary>
internal sealed record RnicOptions
{
    /// <summary>Bytes of a message.</summary>
    public int? MessageBytes { get; init; }

    /// <summary>Bytes of messages a second.</summary>
    public ulong? RateBytes { get; init; }

    /// <summary>Bytes of the large part of its state.</summary>
    public int? StateBytes { get; init; }

    /// <summary>The page sizes of its log, one bit each.</summary>
    public ulong? LogPageSizes { get; init; }

    /// <summary>The most ranges of its log.</summary>
    public int? LogRanges { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string Defect { get; init; } = "none";

    /// <summary>Makes such a device.</summary>
    public MediatedDevice Create()
    {
        var device = MediatedDevice.Create("ferry_rnic", "ferry_rnic-1");
        try
        {
            Set(device, "message_bytes", MessageBytes);
            Set(device, "rate_bytes", RateBytes);
            Set(device, "state_bytes", StateBytes);
            Set(device, "log_page_sizes", LogPageSizes);
            Set(device, "log_ranges", LogRanges);
            device.Set("rnic/defect", Defect);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    private static void Set(MediatedDevice device, string name, IFormattable? value)
    {
        if (value is not null)
        {
            device.Set($"rnic/{name}", value.ToString(null, CultureInfo.InvariantCulture));
        }
    }
}
