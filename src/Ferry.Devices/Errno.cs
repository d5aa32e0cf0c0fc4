namespace Ferry.Devices;

/// <summary>The error numbers that devices answer with. Source: asm-generic/errno-base.h.</summary>
internal static class Errno
{
    public const int NoEntry = 2;
    public const int TooBig = 7;
    public const int OutOfMemory = 12;
    public const int Exists = 17;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int NotSupported = 95;
}
