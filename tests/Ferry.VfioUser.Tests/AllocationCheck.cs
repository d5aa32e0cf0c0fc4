using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>Counts what a repeated action allocates in the whole process, the server's thread included.</summary>
internal static class AllocationCheck
{
    private const int Rounds = 200;

    /// <summary>Passes if in one of a few attempts, since other tests run beside it, less was allocated than one object per action.</summary>
    public static void AssertNone(Action action)
    {
        for (var i = 0; i < Rounds; i++)
        {
            action();
        }

        var least = long.MaxValue;
        for (var attempt = 0; attempt < 50 && least >= Rounds; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < Rounds; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < Rounds, $"{least} bytes in {Rounds} actions");
    }
}
