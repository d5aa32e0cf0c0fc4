namespace Ferry.Conform;

/// <summary>A check as it is listed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rule">The rule that it stands for.</param>
/// <param name="Source">Where that is written.</param>
public sealed record CheckDescription(string Name, string Rule, string Source);
