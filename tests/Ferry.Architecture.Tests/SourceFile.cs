namespace Ferry.Architecture.Tests;

/// <param name="Path">Relative to the root, with forward slashes.</param>
/// <param name="Text">The whole text.</param>
internal sealed record SourceFile(string Path, string Text);
