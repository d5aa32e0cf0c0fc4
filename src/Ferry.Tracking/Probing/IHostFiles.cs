namespace Ferry.Tracking.Probing;

/// <summary>The files in /sys and /proc that a probe reads, so that a test can lay others and refuse any of them.</summary>
internal interface IHostFiles
{
    /// <summary>What was refused so far, one a file.</summary>
    IReadOnlyList<Obstacle> Refused { get; }

    /// <summary>A file's text without the line break at its end; null where it is not there or can't be read.</summary>
    string? Read(string path);

    /// <summary>The last part of what a link leads to; null where it is not there or can't be read.</summary>
    string? ReadLink(string path);

    /// <summary>The names in a folder, sorted; empty where it is not there or can't be read.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Whether something is there, as far as can be seen.</summary>
    bool Exists(string path);
}
