namespace Ferry.Devices.Models;

/// <summary>The free-running indices of an rnic's rings: what the guest said last, and how far the device is.</summary>
/// <param name="RxTail">Descriptors posted.</param>
/// <param name="RxHead">Descriptors used.</param>
/// <param name="CqTail">Completions written.</param>
/// <param name="CqHead">Completions consumed.</param>
internal record struct RnicIndices(uint RxTail, uint RxHead, uint CqTail, uint CqHead)
{
    /// <summary>Whether neither ring has more outstanding than it holds.</summary>
    public readonly bool AreWithin(in RnicSetup setup) => unchecked(RxTail - RxHead <= setup.RxEntries && CqTail - CqHead <= setup.CqEntries);
}
