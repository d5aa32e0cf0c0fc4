using System.Diagnostics;
using System.Globalization;
using Ferry.Linux.Memory;
using Ferry.Machine;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;
using Ferry.VfioUser.Tracking;

namespace Ferry.Benchmarks.Tracking;

/// <summary>What trackers cost: a report against what was written, memory and page size; and what they take from those they watch.</summary>
internal static class TrackerComparison
{
    private const ulong Gibibyte = 1UL << 30;
    private const ulong WorkingSetBytes = 256 << 20;
    private const int Repeats = 7;
    private static readonly TimeSpan Observed = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(100);
    private static readonly (string Provider, ulong PageSize)[] OfDevices =
    [
        ("device", 4096), ("device", 64 << 10), ("device", 2 << 20), (MediatedTracker.TrackerName, 4096), (IoTableTracker.TrackerName, 4096), (IoTableTracker.FaultsName, 4096),
    ];

    // Nothing, a thousand pages far apart, and 256 MiB in a row.
    private static readonly (ulong Count, ulong Stride)[] Writes = [(0, 1), (1000, 255), (65536, 1)];

    public static int Run()
    {
        Console.WriteLine("| provider | memory | page size | pages written | pages reported | report, ms | allocated, B |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var memory in (ulong[])[1, 4, 16])
        {
            Devices(memory * Gibibyte);
            Process(memory * Gibibyte);
            Vcpus(memory * Gibibyte, VcpuTracking.Log);
            Vcpus(memory * Gibibyte, VcpuTracking.Ring);
        }

        Console.WriteLine();
        Console.WriteLine($"Reports every {BetweenReports.TotalMilliseconds} ms, {WorkingSetBytes >> 20} MiB written at random.");
        Console.WriteLine();
        Console.WriteLine("| provider | page size | untracked, pages/s | tracked, pages/s | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        SlowDevices();
        SlowVcpus(AcceleratorKind.Kvm, VcpuTracking.Log);
        SlowVcpus(AcceleratorKind.Kvm, VcpuTracking.Ring);
        SlowVcpus(AcceleratorKind.Thread, VcpuTracking.Log);
        return 0;
    }

    private static void Devices(ulong memoryBytes)
    {
        foreach (var (provider, pageSize) in OfDevices)
        {
            using var writer = new ServedWriter(memoryBytes, provider);
            if (writer.Tracker is { } tracker)
            {
                Reports(tracker, writer.Range, new PageSize(pageSize), provider is MediatedTracker.TrackerName or IoTableTracker.FaultsName ? Writes[..2] : Writes, writer.Write);
            }
        }
    }

    private static void Process(ulong memoryBytes)
    {
        using var memory = GuestMemoryFile.Create([(new Gpa(0), memoryBytes)]);
        if (!ProcessTracker.TryCreate(memory.Memory, out var tracker, out var reason))
        {
            Console.WriteLine($"process: {reason}");
            return;
        }

        using (tracker)
        {
            Reports(tracker!, memory.Memory.Regions[0].Range, PageSize.Size4K, Writes, (count, stride) =>
            {
                for (ulong i = 0; i < count; i++)
                {
                    memory.Memory.GetSpan(new Gpa(i * stride * 4096), 1)[0]++;
                }
            });
        }
    }

    private static void Reports(IDirtyTracker tracker, IovaRange range, PageSize pageSize, (ulong Count, ulong Stride)[] writes, Action<ulong, ulong> write)
    {
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        tracker.Start([range], pageSize);
        foreach (var (count, stride) in writes)
        {
            // The first touches memory and warms up.
            var samples = new List<(double, long)>();
            for (var i = -1; i < Repeats; i++)
            {
                write(count, stride);
                bitmap.Clear();
                samples.Add(Report(tracker, range, bitmap));
            }

            Print(tracker.Name, range.LengthBytes, pageSize, count, bitmap.Count(), samples[1..]);
        }

        tracker.Stop();
    }

    private static void Vcpus(ulong memoryBytes, VcpuTracking tracking)
    {
        using var machine = NewMachine(memoryBytes, AcceleratorKind.Kvm, tracking, out var tracker);
        if (tracker is null)
        {
            return;
        }

        var regions = machine!.Memory.Regions.Select(region => new DirtyBitmap(region.Range, PageSize.Size4K)).ToArray();
        tracker.Start([.. machine.Memory.Regions.Select(region => region.Range)], PageSize.Size4K);
        foreach (var runFor in (int[])[0, 20, 400])
        {
            var samples = new List<(double, long)>();
            ulong reported = 0;
            for (var i = -1; i < Repeats; i++)
            {
                if (runFor > 0)
                {
                    machine.ResumeVcpus();
                    Thread.Sleep(runFor);
                    machine.PauseVcpus();
                }

                (double Milliseconds, long Bytes) sum = default;
                Array.ForEach(regions, bitmap => bitmap.Clear());
                foreach (var bitmap in regions)
                {
                    var (milliseconds, bytes) = Report(tracker, bitmap.Range, bitmap);
                    sum = (sum.Milliseconds + milliseconds, sum.Bytes + bytes);
                    (tracker as IDeferredClear)?.Take(bitmap.Range, bitmap);
                }

                samples.Add(sum);
                reported = regions.Aggregate(0UL, (all, bitmap) => all + bitmap.Count());
            }

            Print(tracker.Name, memoryBytes, PageSize.Size4K, null, reported, samples[1..]);
        }

        tracker.Stop();
        Array.ForEach(regions, bitmap => bitmap.Dispose());
    }

    private static (double Milliseconds, long Bytes) Report(IDirtyTracker tracker, IovaRange range, DirtyBitmap bitmap)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();
        tracker.Report(range, bitmap);
        var elapsed = Stopwatch.GetElapsedTime(began);
        return (elapsed.TotalMilliseconds, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    private static void SlowDevices()
    {
        foreach (var (provider, pageSize) in OfDevices)
        {
            using var writer = new ServedWriter(Gibibyte, provider);
            writer.WriteAllOver(WorkingSetBytes);
            if (writer.Tracker is { } tracker)
            {
                Slowdown(tracker, [writer.Range], new PageSize(pageSize), () => writer.Written, perOperation: 1);
            }
        }
    }

    private static void SlowVcpus(AcceleratorKind accelerator, VcpuTracking tracking)
    {
        using var machine = NewMachine(Gibibyte, accelerator, tracking, out var tracker);
        if (tracker is null)
        {
            return;
        }

        machine!.ResumeVcpus();
        // A transfer writes two pages.
        Slowdown(tracker, [.. machine.Memory.Regions.Select(region => region.Range)], PageSize.Size4K, () => machine.GetProgress().Transfers, perOperation: 2);
    }

    private static GuestMachine? NewMachine(ulong memoryBytes, AcceleratorKind accelerator, VcpuTracking tracking, out IDirtyTracker? tracker)
    {
        tracker = null;
        try
        {
            var machine = GuestMachine.Create(new MachineOptions
            {
                MemoryBytes = memoryBytes,
                Accelerator = accelerator,
                Tracking = tracking,
                WorkingSetBytes = WorkingSetBytes,
                DirtyBytesPerSecond = null,
            });
            tracker = machine.Trackers.FirstOrDefault(each => each.Coverage.Sources?.Contains(DmaSource.Vcpus) == true);
            machine.LoadProgram();
            return machine;
        }
        catch (MachineException e)
        {
            Console.WriteLine(e.Message);
            return null;
        }
    }

    /// <summary>By turns without and with the tracker, so that other load strikes both.</summary>
    private static void Slowdown(IDirtyTracker tracker, IReadOnlyList<IovaRange> ranges, PageSize pageSize, Func<ulong> operations, int perOperation)
    {
        var bitmaps = ranges.Select(range => new DirtyBitmap(range, PageSize.Size4K)).ToArray();
        List<double> untracked = [], tracked = [];
        for (var i = -1; i < 3; i++)
        {
            var without = Rate(operations, () => { });
            tracker.Start(ranges, pageSize);
            var with = Rate(operations, () =>
            {
                foreach (var bitmap in bitmaps)
                {
                    bitmap.Clear();
                    tracker.Report(bitmap.Range, bitmap);
                    (tracker as IDeferredClear)?.Take(bitmap.Range, bitmap);
                }
            });
            tracker.Stop();
            if (i >= 0)
            {
                untracked.Add(without * perOperation);
                tracked.Add(with * perOperation);
            }
        }

        var (off, on) = (Median(untracked), Median(tracked));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {tracker.Name} | {pageSize} | {off:N0} | {on:N0} | {on / off:0.00} |"));
        Array.ForEach(bitmaps, bitmap => bitmap.Dispose());
    }

    private static double Rate(Func<ulong> operations, Action report)
    {
        var (first, began) = (operations(), Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < Observed)
        {
            Thread.Sleep(BetweenReports);
            report();
        }

        return (operations() - first) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Print(string name, ulong memoryBytes, PageSize pageSize, ulong? written, ulong reported, IReadOnlyList<(double Milliseconds, long Bytes)> samples) =>
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {memoryBytes >> 30} GiB | {pageSize} | {written?.ToString("N0", CultureInfo.InvariantCulture) ?? "by the guest"} | {reported:N0} | {Median(samples.Select(sample => sample.Milliseconds)):0.000} | {samples.Max(sample => sample.Bytes)} |"));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
