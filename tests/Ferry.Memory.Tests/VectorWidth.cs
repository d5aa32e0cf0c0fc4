using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>Which of the inner loops run: those for 512, 256 or no vector bits. A child process is asked for fewer than the processor has.</summary>
internal static class VectorWidth
{
    /// <summary>Set in such a child to what it is asked for.</summary>
    public const string Variable = "FERRY_TEST_VECTOR_BITS";

    public static int Bits => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported ? 512 : Avx2.IsSupported ? 256 : 0;

    /// <summary>Fails in a child that has other vectors than it was asked to test.</summary>
    public static void AssertAsAskedFor()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } asked)
        {
            Assert.Equal(asked, Bits.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
