namespace Ferry.Tracking.Probing;

/// <summary>Whether a provider can be used here.</summary>
public enum ProviderStatus
{
    /// <summary>It can.</summary>
    Can,

    /// <summary>It can't, for the reason given.</summary>
    Cannot,

    /// <summary>This user may not use it or may not know.</summary>
    NotPermitted,

    /// <summary>It could not be tried: what it needs is in use, was to be left alone, or was not named.</summary>
    Unknown,
}
