namespace Ferry.Migration.Execution;

/// <summary>A thread of the engine.</summary>
internal abstract class EngineThread
{
    /// <summary>Waits until it has ended.</summary>
    internal abstract void Join();
}
