namespace Ferry.Lab;

/// <summary>A check found that this kernel or machine lacks what it needs.</summary>
internal sealed class SkippedException(string reason) : Exception(reason);
