namespace Ferry.Cli.Control;

/// <summary>How a hand-over in doubt is settled.</summary>
internal enum SettleChoice
{
    /// <summary>Ask the other side again who runs.</summary>
    Ask,

    /// <summary>Run here: the other side certainly does not.</summary>
    Resume,

    /// <summary>Never run here: the other side has the machine.</summary>
    Discard,
}
