using System.Text.Json;
using Ferry.Cli.Commands;
using Ferry.Linux.Files;

namespace Ferry.Cli.Events;

/// <summary>Writes an event log, line by line, to a file that is opened before the migration begins.</summary>
/// <remarks>A write that fails is remembered and ends the log; it is never the migration's failure. Not thread-safe.</remarks>
internal sealed class EventLogWriter : IDisposable
{
    // Where there is no room for this much, there is none for the log.
    private const int ReservedBytes = 64 << 10;

    private readonly FileStream _stream;

    private EventLogWriter(string path, FileStream stream) => (Path, _stream) = (path, stream);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many lines were written.</summary>
    public int Lines { get; private set; }

    /// <summary>Why the log ends before the migration did; null where it does not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Creates the file, or empties it.</summary>
    /// <exception cref="UsageException">It can't be created, or the disk is full; the message names <paramref name="option"/>.</exception>
    public static EventLogWriter Create(string path, string option)
    {
        try
        {
            return new EventLogWriter(path, new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                PreallocationSize = ReservedBytes,
                BufferSize = 0,
            }));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"{option}: {path} can't be written: {e.Message}");
        }
    }

    /// <summary>Writes one line; nothing once a write failed.</summary>
    public void Write(EventDocument next)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(next, EventJson.Default.EventDocument), (byte)'\n'];
            _stream.Write(line);
            Lines++;
        }
        catch (IOException e)
        {
            Failure = e.Message;
        }
    }

    /// <summary>Closes the file; one that holds nothing is removed, but for what is no file, such as a device.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (Lines == 0 && Failure is null && OrdinaryFile.IsAt(Path))
        {
            File.Delete(Path);
        }
    }
}
