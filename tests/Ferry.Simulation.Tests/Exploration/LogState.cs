namespace Ferry.Simulation.Tests.Exploration;

/// <summary>Two pages of memory, one word of a log, two threads of a device that write and mark, and one that reports and copies.</summary>
/// <param name="Memory">The pages' values, four bits each.</param>
/// <param name="Word">The word of the log, one bit a page.</param>
/// <param name="Dirty">The pages that are to be copied.</param>
/// <param name="Copy">What the destination has of each page.</param>
/// <param name="First">The first writer.</param>
/// <param name="Second">The second writer.</param>
/// <param name="Reporter">The one that reports and copies.</param>
internal readonly record struct LogState(int Memory, int Word, int Dirty, int Copy, LogState.Writer First, LogState.Writer Second, LogState.Reader Reporter)
{
    /// <param name="At">Its next step.</param>
    /// <param name="Register">What it read.</param>
    /// <param name="Buffer">Its stores that no other thread sees yet, the oldest lowest: eight bits each, page and value and one bit that it is there.</param>
    internal readonly record struct Writer(int At, int Register, int Buffer);

    /// <param name="At">Its next step in a round.</param>
    /// <param name="Round">How many rounds it made.</param>
    /// <param name="Register">What it read.</param>
    internal readonly record struct Reader(int At, int Round, int Register);

    public int ValueOf(int page) => (Memory >> (page * 4)) & 15;

    public LogState WithValue(int page, int value) => this with { Memory = (Memory & ~(15 << (page * 4))) | (value << (page * 4)) };

    public LogState Copied(int page) => this with { Copy = (Copy & ~(15 << (page * 4))) | (ValueOf(page) << (page * 4)), Dirty = Dirty & ~(1 << page) };
}
