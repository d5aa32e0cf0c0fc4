using System.Globalization;

namespace Ferry.Migration.Planning;

/// <summary>A plan, or a refusal, as lines of plain text.</summary>
public static class PlanText
{
    /// <summary>The phases, each with its numbered steps; a step that changes a state shows the states that it leads to.</summary>
    public static IReadOnlyList<string> Lines(PlanDocument plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var steps = plan.Phases.SelectMany(phase => phase.Steps).ToList();
        var numberWidth = steps.Count.ToString(CultureInfo.InvariantCulture).Length;
        var textWidth = steps.Where(ShowsStates).Select(step => step.Text.Length).DefaultIfEmpty(0).Max();
        var lines = new List<string>();
        foreach (var phase in plan.Phases)
        {
            lines.Add($"{phase.Name} ({phase.Side}, {phase.When})");
            foreach (var step in phase.Steps)
            {
                var number = step.Number.ToString(CultureInfo.InvariantCulture).PadLeft(numberWidth);
                lines.Add(ShowsStates(step) ? $"  {number}  {step.Text.PadRight(textWidth)}  [{States(plan, step)}]" : $"  {number}  {step.Text}");
            }
        }

        return lines;
    }

    /// <summary>One line for each reason, with its remedy.</summary>
    public static IReadOnlyList<string> Lines(IReadOnlyList<PlanRefusal> refusals)
    {
        ArgumentNullException.ThrowIfNull(refusals);
        return [.. refusals.Select(refusal => refusal.ToString())];
    }

    private static bool ShowsStates(PlanStepDocument step) => step.Kind is "deviceArc" or "pauseVcpus" or "resumeVcpus";

    private static string States(PlanDocument plan, PlanStepDocument step) => string.Join(
        ", ", plan.Devices.Zip(step.States, (device, state) => $"{device} {state}").Append($"vCPUs {(step.VcpusRun ? "run" : "stopped")}"));
}
