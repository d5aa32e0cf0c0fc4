using Ferry.Memory;

namespace Ferry.Conform.Checks.Log;

/// <summary>The page sizes that the log is asked for, and those that it chooses.</summary>
internal sealed class LogPageSizesCheck : ICheck
{
    public string Name => "log-page-sizes";

    public string Rule => "START takes any page size as a hint and answers with one that the device then keeps to: it reports at it, and chooses it when asked for it.";

    public string Source => Sources.LogStart;

    public CheckNeeds Needs => CheckNeeds.Log;

    public string? Run(CheckContext context)
    {
        var ram = context.Memory.Ram;
        var sizes = new List<PageSize>();
        foreach (var hint in LogHints.All)
        {
            context.Begin($"a log of {hint}");
            var chosen = context.Device.StartDmaLog([ram], hint);
            CheckContext.Require(ram.IsAligned(chosen), $"asked for {hint} it chose {chosen}, of which {ram} is not made");
            context.Report(ram, chosen).Dispose();
            context.Device.StopDmaLog();
            var again = context.Device.StartDmaLog([ram], chosen);
            CheckContext.Require(again == chosen, $"asked for {hint} it chose {chosen}, and asked for {chosen} it chose {again}");
            context.Device.StopDmaLog();
            if (!sizes.Contains(chosen))
            {
                sizes.Add(chosen);
            }
        }

        return string.Join(", ", sizes.Order());
    }
}
