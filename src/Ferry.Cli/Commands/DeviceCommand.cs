using System.CommandLine;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry device</c>: devices that are processes.</summary>
internal static class DeviceCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("device", "Serve a device over vfio-user, for machines of this host or for any other vfio-user client.") { RnicCommand.Create() };
        HelpWithExample.AddTo(command, "ferry device rnic --socket nic0.sock");
        return command;
    }
}
