namespace Ferry.Cli.Control;

/// <summary>Reads lines of bounded length from a stream.</summary>
/// <param name="stream">Where from.</param>
/// <param name="longestBytes">The longest line that is taken, without its end.</param>
internal sealed class LineReader(Stream stream, int longestBytes)
{
    private byte[] _buffer = new byte[Math.Min(4096, longestBytes + 1)];
    private int _start;
    private int _end;

    /// <summary>The next line without its end, valid until the next call; null at the end of the stream.</summary>
    /// <exception cref="ControlException">The line is longer than the limit. The stream can't be read on.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        var searched = _start;
        while (true)
        {
            var newline = Array.IndexOf(_buffer, (byte)'\n', searched, _end - searched);
            if (newline >= 0)
            {
                var line = _buffer.AsMemory(_start, newline - _start);
                _start = newline + 1;
                return line;
            }

            MakeRoom();
            searched = _end;
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                // What is left has no end: whoever wrote it was cut off.
                return null;
            }

            _end += count;
        }
    }

    private void MakeRoom()
    {
        if (_end - _start > longestBytes)
        {
            throw new ControlException(ControlErrors.BadRequest, $"a line is longer than {longestBytes} bytes");
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(2 * _buffer.Length, longestBytes + 1));
        }
    }
}
