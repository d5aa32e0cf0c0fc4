using Ferry.Linux.Kvm;

namespace Ferry.Tracking.Providers;

/// <summary>The real calls.</summary>
internal sealed class KvmDirtyCalls(KvmVm vm) : IKvmDirtyCalls
{
    public void SetLogging(KvmSlot slot, bool on) =>
        vm.SetMemorySlot(slot.Slot, slot.Region.Start, slot.Region.LengthBytes, slot.Region.Host, logDirty: on);

    public void GetDirtyLog(uint slot, Span<ulong> words) => vm.GetDirtyLog(slot, words);

    public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words) =>
        vm.ClearDirtyLog(slot, firstPage, pageCount, words);

    public int ResetDirtyRings() => vm.ResetDirtyRings();
}
