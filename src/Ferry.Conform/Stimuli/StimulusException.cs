namespace Ferry.Conform.Stimuli;

/// <summary>A device can't be driven by a stimulus.</summary>
/// <param name="message">Why, with what was read and what was expected.</param>
public sealed class StimulusException(string message) : Exception(message);
