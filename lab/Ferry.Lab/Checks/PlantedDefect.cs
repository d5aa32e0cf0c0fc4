namespace Ferry.Lab.Checks;

/// <summary>A defect of the lab's test device and what must find it.</summary>
/// <param name="Defect">Its name, as in docs/lab.md.</param>
/// <param name="FoundBy">The checks of <c>ferry conform</c> that must fail, in their order.</param>
internal sealed record PlantedDefect(string Defect, string[] FoundBy)
{
    /// <summary>Those that may fail as well, for it breaks their rule when its work comes at the wrong moment.</summary>
    public string[] PerhapsFoundBy { get; init; } = [];
}
