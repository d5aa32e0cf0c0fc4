namespace Ferry.Cli.Documents;

/// <summary>What holds for a source.</summary>
/// <param name="Source">Its id; <c>*</c> for any device that no rule names.</param>
/// <param name="Settings">The values.</param>
internal sealed record SourceSettingsDocument(string Source, IReadOnlyList<SettingDocument> Settings);
