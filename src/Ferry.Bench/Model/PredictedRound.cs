using Ferry.Migration.Convergence;

namespace Ferry.Bench.Model;

/// <summary>A round as the model sees it.</summary>
/// <param name="CopiedBytes">Guest bytes copied.</param>
/// <param name="Seconds">Its length, sync included.</param>
/// <param name="RemainingBytes">What is dirty after its sync.</param>
/// <param name="Decision">What the convergence policy answered.</param>
public sealed record PredictedRound(double CopiedBytes, double Seconds, double RemainingBytes, Decision Decision);
