using Ferry.Linux.Memory;
using Ferry.Migration.Pages;
using Ferry.Migration.Planning;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>Introduces the machine to the destination and opens the data channels.</summary>
internal static class Handshake
{
    /// <summary>Describes the machine, and takes the token where the destination accepts.</summary>
    internal static void Introduce(SourceContext context, SourceLink link)
    {
        link.Control.Send(ControlKind.Describe, Describe(context).ToJson());
        link.Await(ControlKind.Accept);
        context.Token = new FrameReader(ControlKind.Accept, link.Control.Received).UInt128();
    }

    /// <summary>Opens the channels, and waits until the destination is ready for pages.</summary>
    internal static ChannelTeam OpenChannels(SourceContext context, SourceLink link, DirtyPages dirty)
    {
        var team = new ChannelTeam(context, dirty);
        try
        {
            link.Await(ControlKind.Ready);
            context.Populate = TimeSpan.FromTicks((long)Math.Min(new FrameReader(ControlKind.Ready, link.Control.Received).UInt64(), long.MaxValue));
            return team;
        }
        catch
        {
            team.Dispose();
            throw;
        }
    }

    private static MachineDescription Describe(SourceContext context)
    {
        var machine = context.Machine;
        return new MachineDescription
        {
            Name = machine.Name,
            Accelerator = machine.Accelerator,
            VcpuCount = machine.VcpuCount,
            VcpuStateVersion = machine.VcpuStateVersion,
            PageBytes = PageLayout.PageBytes,
            Memory = [.. machine.Memory.Regions.Select(region => new DescribedRange(region.Start.Value, region.LengthBytes))],
            Devices = [.. machine.Devices.Select(device => new DescribedDevice(device.Id, device.Kind, device.Version, (ulong)device.Migration, device.IsBehindIommu))],
            Channels = context.Options.Channels,
            Compression = context.Options.Compression,
            Verify = context.Options.Plan.Switchover.Any(step => step is PlanStep.Verify),
            Populate = context.Options.Populate,
            Populated = context.Options.Populate == PopulateMode.None ? [] : Coarsen(machine.FindPopulated()),
        };
    }

    // Gaps are closed, the small ones first, as often as the list has grown too long: populating too much is harmless.
    private static List<DescribedRange> Coarsen(PopulatedRanges extents)
    {
        var ranges = new List<DescribedRange>(MachineDescription.MaxExtents);
        ulong gapBytes = 0;
        foreach (var extent in extents)
        {
            Append(ranges, new(extent.Start.Value, extent.LengthBytes), gapBytes);
            while (ranges.Count > MachineDescription.MaxExtents)
            {
                gapBytes = Math.Max(gapBytes * 4, 64 << 10);
                var joined = new List<DescribedRange>(MachineDescription.MaxExtents);
                foreach (var range in ranges)
                {
                    Append(joined, range, gapBytes);
                }

                ranges = joined;
            }
        }

        return ranges;
    }

    private static void Append(List<DescribedRange> ranges, DescribedRange next, ulong gapBytes)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && next.Start - (last.Start + last.Bytes) <= gapBytes)
        {
            ranges[^1] = last with { Bytes = next.Start + next.Bytes - last.Start };
        }
        else
        {
            ranges.Add(next);
        }
    }
}
