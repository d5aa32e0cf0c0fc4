using Ferry.Memory;
using Ferry.Testing.Tracking;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>A tracker on a model of the kernel, whose device writes.</summary>
internal sealed class ModelFixture(KernelModel model, IDirtyTracker tracker, IovaRange range) : ITrackerFixture
{
    public IDirtyTracker Tracker => tracker;

    public IovaRange Range => range;

    public PageSize PageSize => PageSize.Size4K;

    public void Write(ulong page) => model.Write(range.Start.Value + (page << 12));

    public bool FailNextCall() => model.FailAt(1);

    public void Dispose() => tracker.Dispose();
}
