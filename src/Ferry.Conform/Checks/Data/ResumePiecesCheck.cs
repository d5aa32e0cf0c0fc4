using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>The stream may be cut into writes anywhere.</summary>
internal sealed class ResumePiecesCheck : ICheck
{
    private const int SmallestBytes = 64;
    private const int PieceBytes = 4093;

    public string Name => "resume-pieces";

    public string Rule => "The stream may be written in other pieces than it was read in.";

    public string Source => Sources.SetState;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        context.BeginResume("load in small pieces");
        var head = Math.Min(SmallestBytes, context.Stream.Length);
        context.Load(context.Stream.AsSpan(0, head), pieceBytes: 1);
        context.Load(context.Stream.AsSpan(head), PieceBytes);
        context.Go(VfioDeviceState.Stop);
        context.Go(VfioDeviceState.Running);
        return null;
    }
}
