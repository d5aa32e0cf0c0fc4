using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Ferry.Testing.Tracking;
using Xunit;

namespace Ferry.Lab.Checks;

/// <summary>The contract suite of a tracker, and the tracker's own tests, on this kernel. What is skipped elsewhere must run here.</summary>
internal sealed class ContractCheck<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] TSuite>(
    string tracker, LabMachine machine = LabMachine.Iommu) : ILabCheck
    where TSuite : DirtyTrackerContract, new()
{
    /// <inheritdoc/>
    public string Name => $"contract-{tracker}";

    /// <inheritdoc/>
    public LabMachine Machine => machine;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var tests = typeof(TSuite).GetMethods().Where(method => method.IsDefined(typeof(FactAttribute), inherit: true)).ToList();
        LabContext.Require(tests.Count > 10, $"the suite has {tests.Count} tests");
        foreach (var test in tests)
        {
            try
            {
                test.Invoke(new TSuite(), null);
            }
            catch (TargetInvocationException e)
            {
                context.Log(e.InnerException!.ToString());
                throw new CheckFailedException($"{test.Name}: {e.InnerException.Message}");
            }
        }

        return $"{tests.Count} tests";
    }
}
