namespace Ferry.Cli.Hosting;

/// <summary>Folders for sockets.</summary>
internal static class RuntimeFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int NameLength = 24;

    /// <summary>Makes a folder with mode 0700 under XDG_RUNTIME_DIR or, without that, the temporary path; its path is short, as those of
    /// sockets have to be.</summary>
    public static string Create(string prefix)
    {
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        var parent = !string.IsNullOrEmpty(runtime) && Directory.Exists(runtime) ? runtime : Path.GetTempPath();
        var path = Path.Combine(parent, $"{prefix}{Guid.NewGuid():N}"[..NameLength]);
        Directory.CreateDirectory(path, OwnerOnly);
        return path;
    }
}
