namespace Ferry.Devices.Models;

/// <summary>What stands in the doorbells of both pages.</summary>
internal record struct RnicDoorbellValues(uint TrappedRxTail, uint TrappedCqHead, uint MappedRxTail, uint MappedCqHead);
