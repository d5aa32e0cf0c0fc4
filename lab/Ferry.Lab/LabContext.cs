using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;

namespace Ferry.Lab;

/// <summary>What checks are given: the devices of the lab, and ways to say what is wrong.</summary>
internal sealed class LabContext(TextWriter log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Writes a line to the lab's console, which is shown where a check fails.</summary>
    public void Log(string line) => log.WriteLine(line);

    /// <summary>Fails the check unless <paramref name="condition"/> holds.</summary>
    /// <exception cref="CheckFailedException">It does not.</exception>
    public static void Require([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
        {
            throw new CheckFailedException(message);
        }
    }

    /// <summary>Whether the kernel refuses what <paramref name="action"/> asks of it.</summary>
    public static bool IsRefused(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (KernelCallException)
        {
            return true;
        }
    }

    /// <summary>Fails the check unless the kernel refuses what <paramref name="action"/> asks of it.</summary>
    /// <exception cref="CheckFailedException">It did not.</exception>
    public static void RequireRefusal(Action action, string what) => Require(IsRefused(action), $"{what}: not refused");

    /// <summary>Waits for what the kernel does in its own time, for 10 seconds or as long as is said.</summary>
    /// <exception cref="CheckFailedException">It did not come about.</exception>
    public static void WaitFor(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        var limit = patience ?? Patience;
        for (var started = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(5))
        {
            Require(Stopwatch.GetElapsedTime(started) < limit, $"{what}: not within {limit.TotalSeconds} s");
        }
    }
}
