namespace Ferry.Cli.Policies;

/// <summary>A value of a policy, and who said it.</summary>
/// <param name="Value">The value.</param>
/// <param name="From">The file and line, the option, or <c>default</c>.</param>
internal readonly record struct Setting<T>(T Value, string From);
