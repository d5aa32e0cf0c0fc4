namespace Ferry.Machine.Devices;

/// <summary>Where devices lie in the guest's address space: in the hole below 4 GiB, 2 MiB a device.</summary>
internal static class GuestDevices
{
    private const ulong Start = 0xE000_0000;

    /// <summary>Where the regions of a device begin.</summary>
    public static ulong AddressOf(int index) => Start + ((ulong)index * 2 * AttachedDevice.SlotBytes);
}
