namespace Ferry.Cli.MachineFiles;

/// <summary>What is to run the guest.</summary>
internal enum AcceleratorChoice
{
    /// <summary>KVM where it can be used, else host threads; whichever it is is reported.</summary>
    Auto,

    /// <summary>KVM, or an error.</summary>
    Kvm,

    /// <summary>Host threads.</summary>
    Thread,
}
