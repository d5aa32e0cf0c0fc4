using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>The saving states share one session.</summary>
internal sealed class PreCopySessionCheck : ICheck
{
    public string Name => "pre-copy-session";

    public string Rule => "What is read in PRE_COPY, PRE_COPY_P2P and STOP_COPY is one stream, which loads; leaving to RUNNING ends it, and the next begins anew.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.PreCopy;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        var partBytes = Math.Max(1, context.Stream.Length / 4);
        context.Begin("one stream over all saving states");
        if (context.HasStimulus)
        {
            context.BeginStimulus();
        }

        context.Go(VfioDeviceState.PreCopy);
        List<byte> stream = [.. context.ReadData(partBytes, partBytes)];
        WorkMeanwhile(context);
        if (context.HasP2P)
        {
            context.Go(VfioDeviceState.PreCopyP2P);
            stream.AddRange(context.ReadData(partBytes, partBytes));
            context.Go(VfioDeviceState.PreCopy);
            stream.AddRange(context.ReadData(partBytes, partBytes));
        }

        context.Go(VfioDeviceState.StopCopy);
        stream.AddRange(context.ReadToEnd());
        RequireLoads(context, [.. stream], "load the stream of all saving states");

        context.Begin("a session that was left, and the next");
        context.Go(VfioDeviceState.PreCopy);
        context.ReadData(partBytes, partBytes);
        context.Go(VfioDeviceState.Running);
        context.Go(VfioDeviceState.PreCopy);
        stream = [.. context.ReadData(partBytes, partBytes)];
        context.Go(VfioDeviceState.StopCopy);
        stream.AddRange(context.ReadToEnd());
        RequireLoads(context, [.. stream], "load the stream of the second session");
        return null;
    }

    private static void WorkMeanwhile(CheckContext context)
    {
        if (context.HasStimulus)
        {
            context.Work(CheckContext.WorkPieces);
        }
    }

    private static void RequireLoads(CheckContext context, byte[] stream, string scenario)
    {
        context.BeginResume(scenario);
        context.Load(stream);
        context.Go(VfioDeviceState.Stop);
    }
}
