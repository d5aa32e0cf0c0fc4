namespace Ferry.Cli.Documents;

/// <summary>One value.</summary>
/// <param name="Key">The key as a policy file has it.</param>
/// <param name="Value">The value as a policy file could have it.</param>
/// <param name="From">The file and line, the option, or <c>default</c>.</param>
internal sealed record SettingDocument(string Key, string Value, string From);
