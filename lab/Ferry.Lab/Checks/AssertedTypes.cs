using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Ferry.Memory;
using Xunit.Sdk;

namespace Ferry.Lab.Checks;

/// <summary>The types whose collections the contract suites compare. The assertions look up the code for them when they run, so native code must
/// be told to have it; a type that is missing here fails its test with a message that names it.</summary>
internal static class AssertedTypes
{
    /// <summary>Has the code for each of them made.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Of a program, not of a library: nothing else would call it.")]
    internal static void Keep()
    {
        _ = Array.Empty<PageSize>().AsTracker();
        _ = Array.Empty<ulong>().AsTracker();
    }
}
