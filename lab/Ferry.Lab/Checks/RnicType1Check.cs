using Ferry.Lab.Devices;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A mediated device that writes by its driver's calls, alone in a container: that says pinned for write, and knows each of its writes.</summary>
internal sealed class RnicType1Check : ILabCheck
{
    private const int Rounds = 4;

    /// <inheritdoc/>
    public string Name => "rnic-type1";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var rnic = new ContainedRnic(new());
        LabContext.Require(Type1Tracker.TryCreate(rnic.Container, [new("rnic")], out var tracker, out var reason), reason ?? "");
        using (tracker)
        {
            LabContext.Require(tracker.Coverage.Precision == TrackingPrecision.PinnedForWrite, $"type1 says {tracker.Coverage.Precision}");
            using var reported = new DirtyBitmap(ContainedRnic.Range, PageSize.Size4K);
            tracker.Start([.. rnic.Container.Mappings], PageSize.Size4K);
            var random = new Random(13);
            var total = 0UL;
            for (var round = 0; round < Rounds; round++)
            {
                reported.Clear();
                rnic.Remember();
                Post(rnic, random);
                tracker.Report(ContainedRnic.Range, reported);
                rnic.Driver.TakeAll();
                tracker.Report(ContainedRnic.Range, reported);
                total += RequireSame(rnic, reported);
            }

            // What is unmapped delivers what was written there.
            reported.Clear();
            rnic.Remember();
            rnic.Write(new(ContainedRnic.Range.Start.Value + (77 << 12)));
            tracker.Unmap(ContainedRnic.Range, reported);
            RequireSame(rnic, reported);
            RequireFailure(rnic);
            return $"pinned for write; {total} pages written in {Rounds} rounds, each reported and none else, and what was written before unmapping too";
        }
    }

    private static void Post(ContainedRnic rnic, Random random)
    {
        for (ulong part = 0; part < RnicDriver.Entries; part++)
        {
            var page = (part * 16) + (ulong)random.Next(15);
            rnic.Driver.Post(new(ContainedRnic.Range.Start.Value + (page << 12) + ((ulong)random.Next(2) * 2048)));
        }

        rnic.Driver.Ring();
    }

    private static ulong RequireSame(ContainedRnic rnic, DirtyBitmap reported)
    {
        using var written = rnic.Changed();
        for (ulong page = 0; page < written.PageCount; page++)
        {
            LabContext.Require(
                written.IsSet(page) == reported.IsSet(page), $"page {page} was {(written.IsSet(page) ? "written and not reported" : "reported and not written")}");
        }

        return written.Count();
    }

    // Memory that is no longer mapped can't be used, and stops the device instead of anything else.
    private static void RequireFailure(ContainedRnic rnic)
    {
        rnic.Driver.Post(ContainedRnic.Range.Start);
        rnic.Driver.Ring();
        LabContext.WaitFor(() => rnic.Driver.HasFailed, "the device's failure at memory that is not mapped");
    }
}
