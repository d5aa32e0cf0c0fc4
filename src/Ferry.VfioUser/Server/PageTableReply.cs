using Ferry.Linux;
using Ferry.Linux.Userfault;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Server;

/// <summary>The answer to feature PageTable: where the device's process has guest memory mapped, and the descriptors to watch it by.</summary>
internal static class PageTableReply
{
    internal static void Write(in CommandContext context, FeatureHeader header, IPageTableDevice device)
    {
        var windows = device.GetMappedWindows();
        if (windows.Count > PageTableFields.MostWindows)
        {
            throw new VfioUserException(Errno.TooBig, $"DEVICE_FEATURE: {windows.Count} mappings, and an answer holds {PageTableFields.MostWindows}.");
        }

        var bytes = PageTableFields.HeadBytes + (windows.Count * PageTableFields.WindowBytes);
        context.Require(header.ArgumentBytes >= (uint)bytes, "argsz has no room for the mappings", header.ArgumentBytes, (uint)bytes);
        var descriptors = Open();
        var writer = new PayloadWriter(context.Reply.Allocate(bytes));
        context.Reply.Give(descriptors.Userfault, descriptors.Pagemap);
        (header with { ArgumentBytes = (uint)bytes }).Write(ref writer);
        writer.UInt32((uint)windows.Count);
        writer.UInt32(descriptors.HoldsKernel ? PageTableFields.HoldsKernel : 0);
        foreach (var window in windows)
        {
            writer.UInt64(window.Range.Start.Value);
            writer.UInt64(window.Range.LengthBytes);
            writer.UInt64(window.Address.Value);
        }
    }

    private static PageTableDescriptors Open()
    {
        try
        {
            return PageTableDescriptors.OpenOwn();
        }
        catch (KernelCallException e)
        {
            throw new VfioUserException(e.Errno, $"DEVICE_FEATURE: the page table can't be shared: {e.Message}");
        }
    }
}
