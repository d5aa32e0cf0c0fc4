namespace Ferry.Tracking.Providers;

/// <summary>The calls that the KVM trackers make, so that a test can fail any of them.</summary>
internal interface IKvmDirtyCalls
{
    /// <summary>Switches logging of a slot.</summary>
    void SetLogging(KvmSlot slot, bool on);

    /// <summary>Reads a slot's log, overwriting the words.</summary>
    void GetDirtyLog(uint slot, Span<ulong> words);

    /// <summary>Forgets pages of a slot and protects them.</summary>
    void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words);

    /// <summary>Protects again what was taken from the rings, and says how many entries that were.</summary>
    int ResetDirtyRings();
}
