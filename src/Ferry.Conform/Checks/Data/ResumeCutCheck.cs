namespace Ferry.Conform.Checks.Data;

/// <summary>A stream that ends too early is refused.</summary>
internal sealed class ResumeCutCheck : ICheck
{
    public string Name => "resume-cut";

    public string Rule => "A state that is incomplete fails the way out of RESUMING.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration | CheckNeeds.Reset;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        var length = context.Stream.Length;
        int[] lengths = [.. new[] { 0, 1, length / 4, length / 2, (int)(length * 3L / 4), length - 1 }.Where(cut => cut >= 0 && cut < length).Distinct()];
        if (lengths.Length == 0)
        {
            throw new NotApplicableException("the device has no state to cut");
        }

        foreach (var cut in lengths)
        {
            var what = FormattableString.Invariant($"a stream cut to {cut} of {length} bytes");
            context.BeginResume(what);
            context.RequireRejected(context.Stream.AsSpan(0, cut), what);
        }

        return FormattableString.Invariant($"{lengths.Length} cuts");
    }
}
