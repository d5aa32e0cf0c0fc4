using System.Buffers.Binary;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Machines;

/// <summary>Every write to a machine's memory, in order: what memory must hold is worked out from it and from nothing else.</summary>
internal sealed class WriteLog
{
    private const int PageBytes = 4096;
    private readonly List<LoggedWrite> _writes = [];

    public IReadOnlyList<LoggedWrite> Writes => _writes;

    public void Add(LoggedWrite write) => _writes.Add(write);

    /// <summary>Carries a write out on the bytes of its page.</summary>
    public static void Apply(LoggedWrite write, Span<byte> page)
    {
        if (write.Offset >= 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[write.Offset..], write.Value);
        }
        else if (write.Value == 0)
        {
            page.Clear();
        }
        else
        {
            // Half of it can be compressed.
            var dice = new Dice(write.Value);
            for (var at = 0; at < PageBytes; at += 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page[at..], at % 512 < 256 ? write.Value : dice.Next());
            }
        }
    }

    /// <summary>What every page that was ever written holds after all writes.</summary>
    public Dictionary<ulong, byte[]> Replay()
    {
        var pages = new Dictionary<ulong, byte[]>();
        foreach (var write in _writes)
        {
            if (!pages.TryGetValue(write.Page, out var bytes))
            {
                pages[write.Page] = bytes = new byte[PageBytes];
            }

            Apply(write, bytes);
        }

        return pages;
    }
}
