using System.Globalization;

namespace Ferry.Cli.Events;

/// <summary>The whole lines of a stream, each of bounded length; what follows the last line end is left out.</summary>
internal sealed class LogLines(Stream stream, int longestLineBytes, long longestBytes)
{
    private byte[] _buffer = new byte[64 << 10];
    private long _read;
    private int _start;
    private int _end;

    /// <summary>The number of the line that <see cref="Next"/> gave last, from 1, or of the one that it did not give.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end, valid until the next call; null at the end.</summary>
    /// <exception cref="EventLogException">A line, or all of them, are too long.</exception>
    public ReadOnlyMemory<byte>? Next()
    {
        Number++;
        for (var searched = _start; ;)
        {
            var length = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + length - _start);
                _start = searched + length + 1;
                return line;
            }

            MakeRoom();
            searched = _end;
            var count = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (count == 0)
            {
                return null;
            }

            _end += count;
            if ((_read += count) > longestBytes)
            {
                throw new EventLogException(string.Create(CultureInfo.InvariantCulture, $"the log has more than {longestBytes} bytes"));
            }
        }
    }

    private void MakeRoom()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end > longestLineBytes)
        {
            throw new EventLogException(string.Create(CultureInfo.InvariantCulture, $"it has more than {longestLineBytes} bytes"));
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(2 * _buffer.Length, longestLineBytes + 1));
        }
    }
}
