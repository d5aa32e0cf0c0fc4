namespace Ferry.Cli.Documents;

/// <summary>What <c>policy show</c> prints: every value that holds, and where it comes from.</summary>
/// <param name="Settings">What holds for the whole migration.</param>
/// <param name="Sources">What holds for each source that a rule names, and for any other.</param>
internal sealed record PolicyDocument(IReadOnlyList<SettingDocument> Settings, IReadOnlyList<SourceSettingsDocument> Sources);
