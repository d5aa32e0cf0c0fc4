using CsCheck;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Xunit;
using static Ferry.Linux.Vfio.VfioMigrationFlags;

namespace Ferry.Migration.Tests.Planning;

/// <summary>Every machine of three devices: all capabilities, all ways to reach each other, all policies.</summary>
public sealed class PlanPropertyTests
{
    private static readonly VfioMigrationFlags[] Capabilities = [StopCopy, StopCopy | P2P, StopCopy | PreCopy, StopCopy | P2P | PreCopy];
    private static readonly string[] Ids = ["a", "b", "c"];
    private static readonly PlanTracker VcpuTracker = new("kvm-log", ["vcpus"], PageSize.Size4K);
    private static readonly bool[] OffAndOn = [false, true];
    private static readonly P2PSyncPolicy[] Syncs = [P2PSyncPolicy.Never, P2PSyncPolicy.NearEnd, P2PSyncPolicy.EachRound, P2PSyncPolicy.Last(3)];

    [Fact]
    public void Every_plan_keeps_the_rules_and_a_refusal_means_that_no_order_does()
    {
        var policies = Policies().ToList();
        var random = new Random(1);
        foreach (var devices in Machines())
        {
            // Every machine meets some policies, and every policy some dozen machines.
            for (var i = 0; i < 2; i++)
            {
                AssertPlanned(policies[random.Next(policies.Count)]([.. devices.Select(device => Varied(device, random.Next(16)))]));
            }
        }
    }

    [Fact]
    public void Larger_machines_keep_the_rules_too() =>
        Gen.Select(Gen.Select(Gen.OneOf(Capabilities), Gen.Int[0, 31], Gen.Int[0, 15]).Array[4, 6], Gen.OneOf(Policies().ToArray())).Sample(
            (devices, policy) => AssertPlanned(policy([.. devices.Select((device, i) =>
                Varied(new PlanDevice { Id = $"d{i}", Migration = device.Item1, Reaches = [.. ReachOf(i, devices.Length, device.Item2)] }, device.Item3))])),
            iter: 300);

    [Fact]
    public void Every_policy_keeps_the_rules_with_all_capabilities_present()
    {
        foreach (var policy in Policies())
        {
            foreach (var flags in Capabilities)
            {
                var request = policy([Device(0, flags, "b"), Device(1, StopCopy | P2P | PreCopy, "a", "c"), Device(2, StopCopy, "b")]);
                var violations = PlanChecker.Check(request, MigrationPlannerTests.Planned(request));
                Assert.True(violations.Count == 0, $"{Describe(request)}:\n{string.Join('\n', violations.Distinct())}");
            }
        }
    }

    [Fact]
    public void A_machine_without_devices_has_a_plan_too()
    {
        foreach (var policy in Policies())
        {
            var request = policy([]);
            Assert.Empty(PlanChecker.Check(request, MigrationPlannerTests.Planned(request)));
        }
    }

    internal static IEnumerable<Func<PlanDevice[], PlanRequest>> Policies() =>
        from tracking in OffAndOn
        from preCopy in OffAndOn
        from verify in OffAndOn
        from sync in Syncs
        from quiesce in Enum.GetValues<QuiescePolicy>()
        from each in OffAndOn
        select new Func<PlanDevice[], PlanRequest>(devices => new PlanRequest
        {
            Devices = devices,
            Trackers = each
                ? [.. devices.Select(device => new PlanTracker($"device:{device.Id}", [device.Id], PageSize.Size4K)), VcpuTracker]
                : [new PlanTracker("all", ["vcpus", .. devices.Select(device => device.Id)], PageSize.Size2M)],
            Tracking = tracking,
            PreCopy = preCopy,
            P2PSync = sync,
            Quiesce = quiesce,
            Verify = verify,
        });

    internal static string Describe(PlanRequest request) =>
        $"{string.Join(", ", request.Devices.Select(device => $"{device.Id} [{device.Migration}, sync {device.P2PSync}, early {device.QuiesceEarly}] -> {{{string.Join(' ', device.Reaches)}}}"))}, " +
        $"tracking {request.Tracking}, pre-copy {request.PreCopy}, sync {request.P2PSync}, quiesce {request.Quiesce}, verify {request.Verify}, {request.Trackers.Count} trackers";

    internal static PlanDevice Device(int index, VfioMigrationFlags flags, params string[] reaches) =>
        new() { Id = Ids[index], Migration = flags, Reaches = reaches };

    // A quarter stops early, and as many have a sync policy of their own.
    private static PlanDevice Varied(PlanDevice device, int choice) => device with
    {
        QuiesceEarly = (choice & 3) == 0,
        P2PSync = (choice >> 2) == 3 ? null : Syncs[choice >> 2],
    };

    private static void AssertPlanned(PlanRequest request)
    {
        switch (MigrationPlanner.Plan(request))
        {
            case PlanResult.Planned planned:
                var violations = PlanChecker.Check(request, planned.Plan);
                Assert.True(violations.Count == 0, $"{Describe(request)}:\n{string.Join('\n', violations.Distinct())}");
                break;
            case PlanResult.Refused refused:
                Assert.False(AnyOrderIsSafe([.. request.Devices]), $"{Describe(request)}: refused, but there is an order: {string.Join(' ', refused.Refusals)}");
                break;
        }
    }

    private static IEnumerable<string> ReachOf(int device, int count, int mask) =>
        Enumerable.Range(0, count).Where(peer => peer != device && (mask & (1 << (peer % 5))) != 0).Select(peer => $"d{peer}");

    private static IEnumerable<PlanDevice[]> Machines()
    {
        for (var capabilities = 0; capabilities < 64; capabilities++)
        {
            for (var reach = 0; reach < 64; reach++)
            {
                yield return [.. Ids.Select((_, i) => Device(i, Capabilities[(capabilities >> (2 * i)) & 3], [.. Peers(i, (reach >> (2 * i)) & 3)]))];
            }
        }
    }

    private static IEnumerable<string> Peers(int index, int mask) => Ids.Where(id => id != Ids[index]).Where((_, bit) => (mask & (1 << bit)) != 0);

    // By trial: while one of these stops, no other that lacks P2P and still runs may reach it, nor one that stopped already; what stops early
    // does so while those that stay run with all their DMA.
    private static bool AnyOrderIsSafe(PlanDevice[] devices) =>
        Orders(devices).Where(order => order.SequenceEqual(order.OrderByDescending(device => device.QuiesceEarly))).Any(order =>
            order.Select((stopping, at) => order[(at + 1)..].All(running =>
                !order[..(at + 1)].Any(stopped => running.Reaches.Contains(stopped.Id) && (!running.Migration.HasFlag(P2P) || (stopped.QuiesceEarly && !running.QuiesceEarly)))))
            .All(safe => safe));

    private static IEnumerable<PlanDevice[]> Orders(PlanDevice[] devices) => devices.Length <= 1
        ? [devices]
        : devices.SelectMany(first => Orders([.. devices.Where(other => other != first)]).Select(rest => (PlanDevice[])[first, .. rest]));
}
