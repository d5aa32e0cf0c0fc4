using Ferry.Cli.Control;
using Ferry.Cli.Toml;
using Ferry.Cli.Values;
using Ferry.VfioUser.Tracking;

namespace Ferry.Cli.Policies;

/// <summary>Reads policy files, strictly: what is not understood is an error with its line, never ignored. Described in docs/policy.md.</summary>
internal static class PolicyFileReader
{
    /// <summary>The most sources that a policy names.</summary>
    public const int MostSources = 64;

    private static readonly string[] Fallbacks = [.. PolicyChoices.Fallback, .. PolicyChoices.Trackers];

    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="TomlFileException">It can't be read, or something in it is wrong.</exception>
    public static Policy Read(string path) => Parse(TomlFile.Read(path, "policy file"), path);

    /// <summary>Parses the text of a policy file; <paramref name="path"/> is named in errors and as where values come from.</summary>
    /// <exception cref="TomlFileException">Something in it is wrong.</exception>
    public static Policy Parse(ReadOnlySpan<byte> utf8, string path)
    {
        var fields = new PolicyFields(TomlFile.Parse(utf8, path), Path.GetFileName(path));
        var request = new MigrateRequest { Rules = ReadRules(fields) };
        ReadSequence(fields, request);
        ReadLimits(fields, request);
        ReadStream(fields, request);
        fields.Toml.ThrowIfWrong();
        return new Policy(request, fields.Origins);
    }

    private static void ReadSequence(PolicyFields fields, MigrateRequest request)
    {
        var toml = fields.Toml;
        request.Tracking = toml.GetBoolean(fields.Note("sequence.tracking"), request.Tracking);
        request.PreCopy = toml.GetBoolean(fields.Note("sequence.pre-copy"), request.PreCopy);
        request.CrossCheck = toml.GetBoolean(fields.Note("sequence.cross-check"), request.CrossCheck);
        request.Grace = toml.GetChoice(fields.Note("sequence.grace"), request.Grace, PolicyChoices.Grace);
        if (!request.Tracking)
        {
            for (var i = 0; i < request.Rules.Count; i++)
            {
                var with = i == request.Rules.Count - 1 ? "default.with" : $"source[{i}].with";
                if (request.Rules[i].With is not null)
                {
                    toml.AddError(with, "names trackers, and sequence.tracking is false, so that none is started; leave one of them out");
                }
            }
        }
    }

    private static void ReadLimits(PolicyFields fields, MigrateRequest request)
    {
        var toml = fields.Toml;
        request.DowntimeSeconds = fields.GetSeconds("limits.downtime", request.DowntimeSeconds, 0.001, 3600);
        request.SwitchoverSeconds = fields.GetSeconds("limits.switchover", request.SwitchoverSeconds, 0, 3600);
        if (request.SwitchoverSeconds > request.DowntimeSeconds)
        {
            toml.AddError("limits.switchover", "more than limits.downtime, of which it is a part; give less, or a longer downtime");
        }

        var most = fields.GetSeconds("limits.max-downtime", Math.Max(request.MaxDowntimeSeconds, request.DowntimeSeconds), 0.001, 3600);
        if (most < request.DowntimeSeconds)
        {
            toml.AddError("limits.max-downtime", "less than limits.downtime, which it is to be stretched to; give at least as much");
        }

        request.MaxDowntimeSeconds = most;
        request.MaxRounds = (int)toml.GetInteger(fields.Note("limits.rounds"), request.MaxRounds, 1, 10_000);
        request.MaxSeconds = fields.GetSeconds("limits.time", request.MaxSeconds, 0.001, 1e6);
        request.SettleSeconds = (int)Math.Ceiling(fields.GetSeconds("limits.settle-time", request.SettleSeconds, 1, 3600));
        request.OnStall = toml.GetChoice(fields.Note("limits.on-stall"), request.OnStall, MigrateChoices.OnStall);
        var bandwidth = toml.GetBytes(fields.Note("limits.bandwidth"), RateText.Unlimited, RateText.Form);
        if (bandwidth == 0)
        {
            toml.AddError("limits.bandwidth", "0 is no rate; leave it out, or say \"max\", for no limit");
        }

        request.BandwidthBytesPerSecond = RateText.ToLimit(bandwidth);
    }

    private static void ReadStream(PolicyFields fields, MigrateRequest request)
    {
        var toml = fields.Toml;
        request.Channels = (int)toml.GetInteger(fields.Note("stream.channels"), request.Channels, 1, 16);
        request.Compress = toml.GetChoice(fields.Note("stream.compress"), request.Compress, MigrateChoices.Compress);
        request.Populate = toml.GetChoice(fields.Note("stream.populate"), request.Populate, MigrateChoices.Populate);
        request.Verify = toml.GetBoolean(fields.Note("stream.verify"), request.Verify);
    }

    // The last is [default], which fits every source.
    private static List<SourceRule> ReadRules(PolicyFields fields)
    {
        var rules = new List<SourceRule>();
        var count = fields.Toml.CountOf("source");
        for (var i = 0; i < count; i++)
        {
            var table = $"source[{i}]";
            var id = fields.Toml.GetString(table + ".id");
            fields.Toml.AddMissing(table + ".id", "the source: vcpus, or the id of a device");
            if (id is { Length: 0 or > 64 } || rules.Exists(rule => rule.Source == id))
            {
                fields.Toml.AddError(table + ".id", id is { Length: 0 or > 64 } ? "expected vcpus, or the id of a device" : $"'{id}' has a table already; put its keys there");
            }

            rules.Add(ReadRule(fields, table, id ?? ""));
        }

        if (count > MostSources)
        {
            fields.Toml.AddError($"source[{MostSources}]", $"{count} sources are more than {MostSources}");
        }

        rules.Add(ReadRule(fields, "default", null));
        return rules;
    }

    private static SourceRule ReadRule(PolicyFields fields, string table, string? source)
    {
        var toml = fields.Toml;
        string[] keys = ["with", "combine", "page-size", "fallback", "quiesce", "sync"];
        var rule = new SourceRule
        {
            Source = source,
            With = toml.GetChoices(table + ".with", PolicyChoices.Trackers),
            Combine = fields.GetOptionalChoice(table + ".combine", PolicyChoices.Combine),
            PageSizeBytes = fields.GetPageSize(table + ".page-size"),
            Fallback = fields.GetOptionalChoice(table + ".fallback", Fallbacks),
            Quiesce = fields.GetOptionalChoice(table + ".quiesce", PolicyChoices.Quiesce),
            Sync = fields.GetSync(table + ".sync"),
            From = fields.OriginOf(table) ?? "default",
            Origins = keys.Where(key => fields.OriginOf($"{table}.{key}") is not null).ToDictionary(key => key, key => fields.OriginOf($"{table}.{key}")!),
        };
        CheckTogether(toml, table, rule);
        return rule;
    }

    // What can't go together, whatever the machine.
    private static void CheckTogether(TomlFields toml, string table, SourceRule rule)
    {
        if (rule is { Combine: PolicyChoices.Union, With.Count: 1 })
        {
            toml.AddError(table + ".combine", "a union of one tracker; name more in 'with', or leave it out");
        }

        if (rule is { Combine: PolicyChoices.Union, With: { } all } && all.Contains(IoTableTracker.TrackerName) && all.Contains(IoTableTracker.FaultsName))
        {
            toml.AddError(table + ".with", "a page table is watched in one way at a time; leave out iotable or iotable-faults");
        }

        if (rule is { With: { } with, Fallback: { } fallback } && with.Count == 1 && with[0] == fallback)
        {
            toml.AddError(table + ".fallback", $"'{fallback}' would take over from itself; name another, or none");
        }

        if (rule.Source == "vcpus" && (rule.Quiesce ?? rule.Sync) is not null)
        {
            toml.AddError($"{table}.{(rule.Quiesce is not null ? "quiesce" : "sync")}", "is for devices; vCPUs stop at the switchover, see sequence.grace");
        }

        if (rule.Quiesce == PolicyChoices.Early && (rule.With is not null || rule.Sync is not null))
        {
            toml.AddError(table + ".quiesce", "a device that is stopped early needs no tracker and no sync; leave out 'with' and 'sync', or say normal");
        }
    }
}
