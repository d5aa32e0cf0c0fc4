namespace Ferry.Cli.Values;

/// <summary>A duration that prints as people write it.</summary>
internal readonly record struct Duration(TimeSpan Value)
{
    /// <inheritdoc/>
    public override string ToString() => DurationText.Exact(Value);
}
