namespace Ferry.Cli.Documents;

/// <summary>What a checked device claims to have.</summary>
/// <param name="Migration">Whether it migrates at all.</param>
/// <param name="PreCopy">Whether it has the PRE_COPY states.</param>
/// <param name="P2p">Whether it has the P2P states.</param>
/// <param name="Reset">Whether it can be reset.</param>
/// <param name="DmaLog">What its DMA log reports; null where it has none.</param>
internal sealed record ConformAbilitiesDocument(bool Migration, bool PreCopy, bool P2p, bool Reset, string? DmaLog);
