using Ferry.Conform.Kernel;

namespace Ferry.Cli.Conformance;

/// <summary>What the command line names as the device; one of the three ways must be given.</summary>
/// <param name="Socket">The socket of a vfio-user device that runs, or null.</param>
/// <param name="Vfio">A kernel device as it was written, or null.</param>
/// <param name="Access">How that is opened.</param>
/// <param name="Command">A program that is a vfio-user device, and its arguments; may be empty.</param>
/// <param name="AnswerTime">How long the device may take to answer a command.</param>
internal sealed record ConformTarget(string? Socket, string? Vfio, KernelAccess Access, string[] Command, TimeSpan AnswerTime);
