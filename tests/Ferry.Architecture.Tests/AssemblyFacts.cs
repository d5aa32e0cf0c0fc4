using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Ferry.Architecture.Tests;

/// <summary>What a built assembly really refers to, from its metadata.</summary>
internal sealed record AssemblyFacts(string Name, IReadOnlyList<string> References, IReadOnlyList<string> NativeCalls, IReadOnlyList<string> Trackers)
{
    private static readonly string[] TrackerContracts = ["IDirtyTracker", "IDeferredClear"];

    /// <summary>The house's assemblies that were built beside these tests.</summary>
    internal static IReadOnlyList<AssemblyFacts> House { get; } =
    [
        .. Arrows.Allowed.Keys.Select(project => Read(Path.Combine(AppContext.BaseDirectory, project == "Ferry.Cli" ? "ferry.dll" : $"{project}.dll"), project)),
    ];

    internal static AssemblyFacts Read(string file, string name)
    {
        using var image = new PEReader(File.OpenRead(file));
        var metadata = image.GetMetadataReader();
        var calls = metadata.MethodDefinitions.Select(metadata.GetMethodDefinition).Where(method => !method.GetImport().Name.IsNil)
            .Select(method => metadata.GetString(method.GetImport().Name));
        var trackers = metadata.TypeDefinitions.Select(metadata.GetTypeDefinition)
            .Where(type => (type.Attributes & (System.Reflection.TypeAttributes.Interface | System.Reflection.TypeAttributes.Abstract)) == 0)
            .Where(type => type.GetInterfaceImplementations().Any(each => TrackerContracts.Contains(InterfaceName(metadata, each))))
            .Select(type => metadata.GetString(type.Name));
        return new AssemblyFacts(
            name, [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))], [.. calls], [.. trackers]);
    }

    private static string InterfaceName(MetadataReader metadata, InterfaceImplementationHandle handle)
    {
        var type = metadata.GetInterfaceImplementation(handle).Interface;
        return type.Kind switch
        {
            HandleKind.TypeReference => metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name),
            HandleKind.TypeDefinition => metadata.GetString(metadata.GetTypeDefinition((TypeDefinitionHandle)type).Name),
            _ => "",
        };
    }
}
