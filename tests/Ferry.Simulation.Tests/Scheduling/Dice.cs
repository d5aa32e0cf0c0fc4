namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>Random numbers from a seed that are the same on every machine and runtime (SplitMix64).</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var mixed = _state += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>A number from 0, below <paramref name="end"/>.</summary>
    public int Below(int end) => (int)(Next() % (uint)end);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both inclusive.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>True in <paramref name="percent"/> of a hundred.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(params ReadOnlySpan<T> from) => from[Below(from.Length)];

    /// <summary>Dice of their own, which what is drawn here later does not change.</summary>
    public Dice Fork() => new(Next());
}
