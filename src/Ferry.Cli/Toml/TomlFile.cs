using System.Text;

namespace Ferry.Cli.Toml;

/// <summary>Reads small TOML files that people write.</summary>
internal static class TomlFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int LargestBytes = 64 << 10;

    /// <summary>The bytes of the file at <paramref name="path"/>, which is to be a <paramref name="kind"/>.</summary>
    /// <exception cref="TomlFileException">It can't be read, or is too large.</exception>
    public static byte[] Read(string path, string kind)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[LargestBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length > LargestBytes ? throw new TomlFileException([$"{path}: larger than {LargestBytes} bytes: this is no {kind}"]) : bytes[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TomlFileException([$"{path}: {e.Message}"]);
        }
    }

    /// <summary>The fields of a text; <paramref name="path"/> is named in errors.</summary>
    /// <exception cref="TomlFileException">It is no TOML.</exception>
    public static TomlFields Parse(ReadOnlySpan<byte> utf8, string path)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw new TomlFileException([$"{path}: not UTF-8 text"]);
        }

        var fields = new TomlFields(text, path);
        if (fields.HasErrors)
        {
            fields.ThrowIfWrong();
        }

        return fields;
    }
}
