namespace Ferry.Cli.Values;

/// <summary>A rate that prints as people write it.</summary>
internal readonly record struct ByteRate(ulong BytesPerSecond)
{
    /// <inheritdoc/>
    public override string ToString() => SizeText.Exact(BytesPerSecond);
}
