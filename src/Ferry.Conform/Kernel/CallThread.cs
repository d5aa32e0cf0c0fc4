using System.Collections.Concurrent;

namespace Ferry.Conform.Kernel;

/// <summary>Makes the calls on a kernel device, so that a driver which does not return is noticed and named.</summary>
/// <remarks>A call can't be taken back: once one has not returned in time nothing more is asked, and the thread is left to it.</remarks>
internal sealed class CallThread : IDisposable
{
    private readonly BlockingCollection<Action> _calls = [];
    private readonly TimeSpan _time;
    private string? _stuck;

    /// <summary>Starts it.</summary>
    /// <param name="time">How long a call may take.</param>
    public CallThread(TimeSpan time)
    {
        _time = time;
        new Thread(Work) { IsBackground = true, Name = "kernel device" }.Start();
    }

    /// <summary>Makes a call and waits for its result.</summary>
    /// <exception cref="DeviceFaultException">It did not return in time, or one before it did not.</exception>
    public T Run<T>(string what, Func<T> call)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_stuck is null)
        {
            _calls.Add(() => Complete(done, call));
            if (((IAsyncResult)done.Task).AsyncWaitHandle.WaitOne(_time))
            {
                return done.Task.GetAwaiter().GetResult();
            }

            _stuck = what;
        }

        throw new DeviceFaultException(DeviceFault.Silent, FormattableString.Invariant($"{_stuck} did not return in {_time.TotalSeconds} s"));
    }

    /// <summary>Lets the thread end once it has made the calls that it has.</summary>
    public void Dispose() => _calls.CompleteAdding();

    private static void Complete<T>(TaskCompletionSource<T> done, Func<T> call)
    {
        try
        {
            done.SetResult(call());
        }
#pragma warning disable CA1031 // Whatever a call throws is thrown where its result is awaited.
        catch (Exception e)
#pragma warning restore CA1031
        {
            done.SetException(e);
        }
    }

    private void Work()
    {
        foreach (var call in _calls.GetConsumingEnumerable())
        {
            call();
        }

        _calls.Dispose();
    }
}
