using Ferry.Cli.Commands;
using Ferry.Migration.Events;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Ferry.Cli.Hosting;

/// <summary>Sends measurements and activities to a collector, by OTLP over HTTP, until disposed; then what is left is sent.</summary>
/// <remarks>A collector that is not there, or does not answer, costs what it would have been sent and nothing else.</remarks>
internal sealed class TelemetryExport : IDisposable
{
    private const int ExportIntervalMilliseconds = 2000;
    private const int TimeoutMilliseconds = 2000;

    private readonly MeterProvider _meters;
    private readonly TracerProvider _activities;

    private TelemetryExport(Uri collector)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("ferry", serviceVersion: Events.EventTeller.FerryVersion);
        _meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(MigrationTelemetry.Name).AddOtlpExporter((exporter, reader) =>
        {
            Set(exporter, collector, "v1/metrics");
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = ExportIntervalMilliseconds;
        }).Build();
        _activities = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(MigrationTelemetry.Name).AddOtlpExporter(
            exporter => Set(exporter, collector, "v1/traces")).Build();
    }

    /// <summary>Begins to send to the collector at <paramref name="url"/>; nothing where that is null.</summary>
    /// <exception cref="UsageException">It is no address of a collector.</exception>
    public static TelemetryExport? Start(string? url) => url is null ? null : new TelemetryExport(Parse(url));

    /// <summary>The address as what signals' paths are added to.</summary>
    public static Uri Parse(string url) => Uri.TryCreate(url.EndsWith('/') ? url : $"{url}/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? uri
        : throw new UsageException($"--otlp: '{url}' is no http:// or https:// address of a collector, for instance http://127.0.0.1:4318");

    /// <inheritdoc/>
    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }

    private static void Set(OtlpExporterOptions exporter, Uri collector, string path)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri(collector, path);
        exporter.TimeoutMilliseconds = TimeoutMilliseconds;
    }
}
