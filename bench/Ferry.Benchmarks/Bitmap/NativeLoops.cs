using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ferry.Benchmarks.Bitmap;

/// <summary>The C loops of <c>bench/native/bitmap.c</c>, compiled for this very processor, which the managed ones are measured against.</summary>
internal static unsafe class NativeLoops
{
    private static readonly nint Library = Load();

    /// <summary>Whether there is a C compiler.</summary>
    public static bool Available => Library != 0;

    public static ulong OrCount(ulong* into, ulong* from, nuint words) =>
        ((delegate* unmanaged<ulong*, ulong*, nuint, ulong>)Symbol("bitmap_or_count"))(into, from, words);

    public static ulong OrCountShifted(ulong* into, ulong* from, nuint words, int shift) =>
        ((delegate* unmanaged<ulong*, ulong*, nuint, int, ulong>)Symbol("bitmap_or_count_shifted"))(into, from, words, shift);

    public static ulong Count(ulong* words, nuint count) => ((delegate* unmanaged<ulong*, nuint, ulong>)Symbol("bitmap_count"))(words, count);

    public static ulong Drain(ulong* from, ulong* into, nuint words) =>
        ((delegate* unmanaged<ulong*, ulong*, nuint, ulong>)Symbol("bitmap_drain"))(from, into, words);

    public static ulong Runs(ulong* words, nuint bits) => ((delegate* unmanaged<ulong*, nuint, ulong>)Symbol("bitmap_runs"))(words, bits);

    public static ulong Widen(ulong* into, ulong* from, nuint bits, nuint ratio) =>
        ((delegate* unmanaged<ulong*, ulong*, nuint, nuint, ulong>)Symbol("bitmap_widen"))(into, from, bits, ratio);

    public static ulong Narrow(ulong* into, ulong* from, nuint words, nuint ratio) =>
        ((delegate* unmanaged<ulong*, ulong*, nuint, nuint, ulong>)Symbol("bitmap_narrow"))(into, from, words, ratio);

    private static nint Symbol(string name) =>
        Library != 0 ? NativeLibrary.GetExport(Library, name) : throw new NotSupportedException("There is no C compiler (cc) to build the baseline with.");

    private static nint Load()
    {
        var folder = Directory.CreateTempSubdirectory("ferry-bench-");
        try
        {
            var library = Path.Combine(folder.FullName, "bitmap.so");
            var source = Path.Combine(AppContext.BaseDirectory, "native", "bitmap.c");
            using var compiler = Process.Start("cc", ["-O3", "-march=native", "-shared", "-fPIC", "-o", library, source]);
            compiler.WaitForExit();
            return compiler.ExitCode == 0
                ? NativeLibrary.Load(library)
                : throw new InvalidOperationException($"cc ended with {compiler.ExitCode} on {source}.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 0;
        }
        finally
        {
            // A loaded library stays mapped without its file.
            folder.Delete(recursive: true);
        }
    }
}
