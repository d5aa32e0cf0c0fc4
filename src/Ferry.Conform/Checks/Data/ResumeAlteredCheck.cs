using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>A stream with a bit turned over is refused.</summary>
internal sealed class ResumeAlteredCheck : ICheck
{
    private const int Places = 16;
    private const int PlacesOfLarge = 4;
    private const int LargeBytes = 64 << 20;
    private const byte Bit = 0x10;

    public string Name => "resume-altered";

    public string Rule => "A state that was altered on its way fails the way out of RESUMING; what comes behind its end is refused.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration | CheckNeeds.Reset;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        var length = context.Stream.Length;
        if (length == 0)
        {
            throw new NotApplicableException("the device has no state to alter");
        }

        var places = length > LargeBytes ? PlacesOfLarge : Places;
        var offsets = Enumerable.Range(0, places).Select(i => (int)((length - 1L) * i / (places - 1))).Distinct().ToList();
        foreach (var offset in offsets)
        {
            var what = FormattableString.Invariant($"a stream of {length} bytes with a bit of byte {offset} turned over");
            var altered = (byte[])context.Stream.Clone();
            altered[offset] ^= Bit;
            context.BeginResume(what);
            context.RequireRejected(altered, what);
        }

        context.BeginResume("a stream with a byte more than there are");
        CheckContext.Require(
            !context.TakesData(context.Stream) || !context.TakesData(new byte[1]) || !context.TryGo(VfioDeviceState.Stop, out _),
            FormattableString.Invariant($"a byte behind the end of the stream of {length} bytes was accepted"));
        return FormattableString.Invariant($"{offsets.Count} places");
    }
}
