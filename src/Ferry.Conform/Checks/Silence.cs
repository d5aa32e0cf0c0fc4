namespace Ferry.Conform.Checks;

/// <summary>Looks for writes that must not come.</summary>
internal static class Silence
{
    /// <summary>Takes a copy of memory now, and fails where it differs a while later.</summary>
    /// <param name="context">The check.</param>
    /// <param name="when">When there must be silence.</param>
    /// <param name="withRam">Whether to look at all memory, or at the peer's window alone.</param>
    /// <param name="meanwhile">What is done while it is watched, or null.</param>
    public static void RequireSince(CheckContext context, string when, bool withRam, Action? meanwhile = null)
    {
        context.Memory.Remember();
        meanwhile?.Invoke();
        context.Watch();
        var peer = context.Memory.CountChangedPeer();
        CheckContext.Require(peer == 0, FormattableString.Invariant($"{when} it wrote {peer} pages of another device's region"));
        if (withRam)
        {
            var pages = context.Memory.CountChangedRam(out var first);
            CheckContext.Require(pages == 0, FormattableString.Invariant($"{when} it wrote {pages} pages of memory, the first at {first}"));
        }
    }
}
