namespace Ferry.Machine.Vcpus;

/// <summary>A part of a vCPU's state as it travels.</summary>
/// <param name="Number">What it is; never used for anything else again.</param>
/// <param name="LengthBytes">Its length.</param>
internal readonly record struct VcpuStatePart(uint Number, int LengthBytes);
