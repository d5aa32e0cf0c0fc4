using System.Diagnostics;

namespace Ferry.Machine.Vcpus;

/// <summary>How many transfers a vCPU may do by now, at a rate that counts its running time only.</summary>
internal sealed class TransferPace(double? transfersPerSecond)
{
    /// <summary>What a vCPU that was too slow may catch up at most, in seconds: beyond that the rate is out of its reach.</summary>
    private const double MostDebtSeconds = 0.1;

    private double _credit;
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Time begins to count now.</summary>
    public void Restart() => _last = Stopwatch.GetTimestamp();

    /// <summary>Time from <paramref name="since"/>, a timestamp, until now does not count.</summary>
    public void Skip(long since) => _last += Stopwatch.GetTimestamp() - since;

    /// <summary>Takes as many as are due, at most <paramref name="most"/>.</summary>
    public int Take(int most)
    {
        if (transfersPerSecond is not { } rate)
        {
            return most;
        }

        var now = Stopwatch.GetTimestamp();
        _credit = Math.Min(_credit + (Stopwatch.GetElapsedTime(_last, now).TotalSeconds * rate), (rate * MostDebtSeconds) + 1);
        _last = now;
        var taken = (int)Math.Min(most, _credit);
        _credit -= taken;
        return taken;
    }
}
