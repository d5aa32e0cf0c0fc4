namespace Ferry.Cli.Values;

/// <summary>A size that prints as people write it.</summary>
internal readonly record struct ByteSize(ulong Bytes)
{
    /// <inheritdoc/>
    public override string ToString() => SizeText.Exact(Bytes);
}
