namespace Ferry.Cli.Control;

/// <summary>The codes of errors in the control protocol.</summary>
internal static class ControlErrors
{
    /// <summary>The request can't be understood.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>The request does not fit the machine's state, for instance a second migration.</summary>
    public const string WrongState = "wrong-state";

    /// <summary>The request was carried out and failed; the message says where the machine runs.</summary>
    public const string Failed = "failed";
}
