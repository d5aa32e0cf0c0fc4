namespace Ferry.Lab.Commands;

/// <summary>A user of the lab who may open nothing of the kernel's.</summary>
internal static class LabUser
{
    /// <summary>What it is called.</summary>
    public const string Name = "nobody";

    /// <summary>Sees to it that there is one.</summary>
    public static void Add() => File.WriteAllText("/etc/passwd", $"root:x:0:0::/:/bin/sh\n{Name}:x:1000:1000::/tmp:/bin/sh\n");
}
