using Ferry.Linux;
using Ferry.Linux.Userfault;

namespace Ferry.Tracking.Probing;

/// <summary>The interfaces that need no device.</summary>
internal static class InterfaceScan
{
    /// <summary>KVM, by machines made for a moment.</summary>
    public static KvmFinding AskKvm(IProbeCalls calls)
    {
        Obstacle? obstacle = null;
        IProbedKvm? opened = null;
        if (Guard(() =>
            {
                opened = calls.OpenKvm(out obstacle);
                return obstacle;
            }) is { } problem)
        {
            return new(problem, problem, problem, 0, false, 0);
        }

        using var kvm = opened!;
        var maxEntries = 0;
        var log = Guard(kvm.TryLog);
        var ring = Guard(() => kvm.TryRing(out maxEntries));
        // A kernel that makes no machine says so both times.
        var none = log is not null && log.Kind != ObstacleKind.Missing && log == ring ? log : null;
        return new(none, log, ring, maxEntries, kvm.HasOrderedRings, kvm.MemorySlots);
    }

    /// <summary>Page tables of processes, by two pages of this one.</summary>
    public static UserfaultFinding AskUserfault(IHostFiles files, IProbeCalls calls)
    {
        var setting = files.Read("/proc/sys/vm/unprivileged_userfaultfd");
        UserfaultAbilities? abilities = null;
        Obstacle? obstacle = null;
        var problem = Guard(() =>
        {
            abilities = calls.ReadUserfault(out obstacle);
            return obstacle;
        });
        if (problem is not null)
        {
            return new(problem, false, false, problem, problem, false, problem, setting);
        }

        var can = abilities!;
        var fault = !can.WriteProtectsShared ? new(ObstacleKind.Missing, UserfaultAbilities.CannotProtectShared)
            : can.HoldsKernel ? null
            : new Obstacle(ObstacleKind.NotPermitted, $"userfaultfd is {UserfaultAbilities.UserModeOnly}: {UserfaultAbilities.HoldingNeeds} is needed");
        var file = can.ByFile ? null : Obstacle.Of(can.FileProblem ?? "/dev/userfaultfd gives none", can.FileErrno);
        return new(null, can.WriteProtectsShared, can.WriteProtectsAsynchronously, Guard(calls.TryScan), fault, can.ByCall, file, setting);
    }

    /// <summary>What a question found, also where it ended in a failed call.</summary>
    public static Obstacle? Guard(Func<Obstacle?> ask)
    {
        try
        {
            return ask();
        }
        catch (KernelCallException e)
        {
            return Obstacle.Of(e);
        }
    }
}
