namespace Ferry.Cli.Ui;

/// <summary>How a step on the board stands.</summary>
internal enum StepState
{
    /// <summary>It is being carried out.</summary>
    Active,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It failed.</summary>
    Failed,
}
