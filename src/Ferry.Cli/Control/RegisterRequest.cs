namespace Ferry.Cli.Control;

/// <summary>An access to a register of a device, as the guest could make it.</summary>
internal sealed record RegisterRequest
{
    /// <summary>The device's id.</summary>
    public string Device { get; set; } = "";

    /// <summary>The region's number.</summary>
    public int Region { get; set; }

    /// <summary>Where it is in the region; a multiple of <see cref="Bytes"/>.</summary>
    public ulong Offset { get; set; }

    /// <summary>How many bytes it has: 1, 2, 4 or 8.</summary>
    public int Bytes { get; set; } = 4;

    /// <summary>What to write; null to read.</summary>
    public ulong? Value { get; set; }

    /// <summary>Checks it as far as it can be without the machine.</summary>
    /// <exception cref="ControlException">A member makes no sense; the message names it.</exception>
    public void Validate()
    {
        Require(Device.Length is > 0 and <= 64, "device: expected the id of a device");
        Require(Bytes is 1 or 2 or 4 or 8, $"bytes: {Bytes}; 1, 2, 4 or 8");
        Require(Offset % (ulong)Bytes == 0, $"offset: {Offset} is no multiple of {Bytes}");
        Require(Value is not { } value || Bytes == 8 || value >> (Bytes * 8) == 0, $"value: {Value} has more than {Bytes} bytes");
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ControlException(ControlErrors.BadRequest, $"register: {problem}");
        }
    }
}
