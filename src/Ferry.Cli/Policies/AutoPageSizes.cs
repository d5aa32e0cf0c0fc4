using Ferry.Bench.Advice;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;

namespace Ferry.Cli.Policies;

/// <summary>Where a policy file says <c>auto</c>, takes the page size of devices from the latest profile of this host.</summary>
internal static class AutoPageSizes
{
    /// <summary>The policy with what the profile at <paramref name="path"/> says; as it was where there is none, or it does not hold here.</summary>
    public static Policy Apply(Policy policy, string path)
    {
        if (!policy.Request.Rules.Any(IsAuto) || ReadProfile(path) is not { } profile)
        {
            return policy;
        }

        var costs = new ProfileCosts(profile);
        var rules = new List<SourceRule>();
        foreach (var rule in policy.Request.Rules)
        {
            var trackers = SourceSettings.Resolve(policy.Request.Rules, rule.Source ?? "", isDevice: true).With.Value;
            if (!IsAuto(rule) || costs.PageSize(trackers) is not { } size)
            {
                rules.Add(rule);
                continue;
            }

            var from = $"{rule.Origins.GetValueOrDefault("page-size", rule.From)}, auto by {path}";
            if (rule.Source is null)
            {
                // Before the rule for all, since vCPUs' trackers have pages of their own.
                rules.Add(new SourceRule { DevicesOnly = true, PageSizeBytes = size, From = from });
                rules.Add(rule);
            }
            else
            {
                rules.Add(rule with { PageSizeBytes = size, Origins = new Dictionary<string, string>(rule.Origins) { ["page-size"] = from } });
            }
        }

        policy.Request.Rules = rules;
        return policy;
    }

    private static bool IsAuto(SourceRule rule) => rule is { PageSizeBytes: 0 } && rule.Source != "vcpus";

    // A profile is no part of the policy, so one that is of no use is no error of it.
    private static CostProfile? ReadProfile(string path)
    {
        try
        {
            return File.Exists(path) && ProfileFile.Read(path) is var profile && LatestProfile.WhyNot(profile, HostReader.Read()) is null ? profile : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
