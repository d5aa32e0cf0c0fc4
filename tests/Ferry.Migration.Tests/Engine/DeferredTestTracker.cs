using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Like KVM's log with manual protect: everything is reported at first, and a page until it is taken.</summary>
internal sealed class DeferredTestTracker(string name, GuestMemory memory, DmaSource source) : TestTracker(name, memory, source), IDeferredClear
{
    private long _taken;

    public long TakenPages => Volatile.Read(ref _taken);

    public override void Report(IovaRange range, DirtyBitmap bitmap) => bitmap.Or(Marked(range));

    public void Take(IovaRange range, DirtyBitmap pages)
    {
        var marked = Marked(range).WordsOf(range);
        var words = pages.WordsOf(range);
        for (var i = 0; i < words.Length; i++)
        {
            Interlocked.And(ref marked[i], ~words[i]);
            Interlocked.Add(ref _taken, long.PopCount((long)words[i]));
        }
    }
}
