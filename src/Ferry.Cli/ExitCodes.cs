namespace Ferry.Cli;

/// <summary>What the command's exit codes mean.</summary>
internal static class ExitCodes
{
    /// <summary>Done, and verified where that was asked for.</summary>
    public const int Done = 0;

    /// <summary>Failed; nothing was moved, or it was rolled back.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the machine file is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Nobody knows yet on which side the machine runs; it runs on neither until that is settled.</summary>
    public const int InDoubt = 3;
}
