using System.Diagnostics;
using System.Globalization;

namespace Ferry.Cli.Benching;

/// <summary>Two network namespaces with a veth pair between them, shaped on both sides. Nothing of it is to be seen outside.</summary>
/// <remarks>A namespace lives as long as a process is in it. Each is held by a process that waits for the end of its input, which comes when this
/// process ends, however that is: so nothing is left, and there is no name to clear away. Source: namespaces(7), veth(4), tc-tbf(8).</remarks>
internal sealed class ShapedLink : IDisposable
{
    /// <summary>Where the destination listens.</summary>
    public const string DestinationAddress = "10.77.77.2";

    private const string Holder = "cat";

    private const string SourceAddress = "10.77.77.1";
    private const string SourceEnd = "ferry0", DestinationEnd = "ferry1";

    private static readonly TimeSpan LongestCommand = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(2);
    private static readonly bool IsRoot = Environment.UserName == "root" || Environment.IsPrivilegedProcess;

    private readonly Process _source;
    private readonly Process _destination;

    private ShapedLink(double bytesPerSecond)
    {
        // Without privileges both are made within a user namespace of their own, in which there are all.
        _source = Hold(IsRoot ? ["unshare", "--net"] : ["unshare", "--user", "--map-root-user", "--net"]);
        try
        {
            WaitUntilHeld(_source);
            _destination = Hold([.. Enter(_source, network: IsRoot), "unshare", "--net"]);
            WaitUntilHeld(_destination);
            Run([.. Enter(_source), "ip", "link", "add", SourceEnd, "type", "veth", "peer", "name", DestinationEnd, "netns", Id(_destination)]);
            Raise(_source, SourceEnd, SourceAddress, bytesPerSecond);
            Raise(_destination, DestinationEnd, DestinationAddress, bytesPerSecond);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What a link carries after a pause beyond its rate, in seconds of it.</summary>
    private static double BurstSeconds => Bench.Measuring.MigrationCase.LinkBurstSeconds;

    /// <summary>Makes a link.</summary>
    /// <param name="bytesPerSecond">What it carries on the wire; infinite for no limit.</param>
    /// <exception cref="IOException">It can't be made here; the message says why.</exception>
    public static ShapedLink Create(double bytesPerSecond) => new(bytesPerSecond);

    /// <summary>What starts a program at one of its ends.</summary>
    public IReadOnlyList<string> At(bool isDestination) => Enter(isDestination ? _destination : _source);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var holder in new[] { _destination, _source })
        {
            if (holder is not null)
            {
                holder.StandardInput.Close();
                if (!holder.WaitForExit(LongestCommand))
                {
                    holder.Kill();
                    holder.WaitForExit();
                }

                holder.Dispose();
            }
        }
    }

    private static void Raise(Process holder, string end, string address, double bytesPerSecond)
    {
        Run([.. Enter(holder), "ip", "link", "set", "lo", "up"]);
        Run([.. Enter(holder), "ip", "address", "add", $"{address}/30", "dev", end]);
        Run([.. Enter(holder), "ip", "link", "set", end, "up"]);
        if (double.IsFinite(bytesPerSecond))
        {
            var bits = (bytesPerSecond * 8).ToString("0", CultureInfo.InvariantCulture);
            var burst = (bytesPerSecond * BurstSeconds).ToString("0", CultureInfo.InvariantCulture);
            Run([.. Enter(holder), "tc", "qdisc", "add", "dev", end, "root", "tbf", "rate", $"{bits}bit", "burst", burst, "latency", "20ms"]);
        }
    }

    private static string[] Enter(Process holder, bool network = true) =>
        ["nsenter", "--target", Id(holder), .. IsRoot ? Array.Empty<string>() : ["--user", "--preserve-credentials"], .. network ? ["--net"] : Array.Empty<string>(), "--"];

    private static Process Hold(string[] command) => Start([.. command, Holder]);

    // It becomes what holds only after its namespace is there and, without privileges, its user is mapped.
    private static void WaitUntilHeld(Process holder)
    {
        var began = Stopwatch.GetTimestamp();
        while (!holder.HasExited && NameOf(holder) != Holder)
        {
            if (Stopwatch.GetElapsedTime(began) > LongestCommand)
            {
                throw new IOException($"unshare made no network namespace in {LongestCommand.TotalSeconds} s");
            }

            Thread.Sleep(PollInterval);
        }

        if (holder.HasExited)
        {
            throw new IOException($"a network namespace can't be made: {holder.StandardError.ReadToEnd().Trim()}");
        }
    }

    private static string? NameOf(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{Id(process)}/comm").Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void Run(string[] command)
    {
        using var process = Start(command);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        if (!process.WaitForExit(LongestCommand))
        {
            process.Kill();
            throw new IOException($"'{string.Join(' ', command)}' did not end");
        }

        if (process.ExitCode != 0)
        {
            throw new IOException($"{string.Join(' ', command.SkipWhile(word => word != "--").Skip(1))}: {error.Trim()}");
        }
    }

    private static Process Start(string[] command)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })
                ?? throw new IOException($"{command[0]} could not be started");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"{command[0]}: {e.Message}; install util-linux and iproute2", e);
        }
    }

    private static string Id(Process process) => process.Id.ToString(CultureInfo.InvariantCulture);
}
