namespace Ferry.Migration.Execution;

/// <summary>The runtime's clock, threads and semaphores.</summary>
internal sealed class RealHost : EngineHost
{
    internal override TimeProvider Time => TimeProvider.System;

    internal override int Processors => Environment.ProcessorCount;

    internal override EngineThread Start(string name, Action run)
    {
        var thread = new Thread(run.Invoke) { IsBackground = true, Name = name };
        thread.Start();
        return new RealThread(thread);
    }

    internal override EngineSemaphore NewSemaphore(int count) => new RealSemaphore(count);

    internal override void Sleep(TimeSpan time, CancellationToken cancellation = default)
    {
        if (cancellation.CanBeCanceled)
        {
            cancellation.WaitHandle.WaitOne(time);
        }
        else
        {
            Thread.Sleep(time);
        }
    }

    private sealed class RealThread(Thread thread) : EngineThread
    {
        internal override void Join() => thread.Join();
    }

    private sealed class RealSemaphore(int count) : EngineSemaphore
    {
        private readonly SemaphoreSlim _semaphore = new(count);

        internal override void Release() => _semaphore.Release();

        internal override bool Wait(TimeSpan timeout) => _semaphore.Wait(timeout);

        public override void Dispose() => _semaphore.Dispose();
    }
}
