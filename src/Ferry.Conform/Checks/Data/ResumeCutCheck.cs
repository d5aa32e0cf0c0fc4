using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>A stream that ends too early is refused.</summary>
internal sealed class ResumeCutCheck : ICheck
{
    public string Name => "resume-cut";

    public string Rule => "A state that is incomplete fails the way out of RESUMING, to STOP and to RUNNING.";

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

        // A device that walks on by itself looks at the state too.
        var half = FormattableString.Invariant($"a stream cut to {length / 2} of {length} bytes");
        context.BeginResume($"{half}, and then RUNNING at once");
        context.RequireRejected(context.Stream.AsSpan(0, length / 2), half, VfioDeviceState.Running);
        return FormattableString.Invariant($"{lengths.Length} cuts");
    }
}
