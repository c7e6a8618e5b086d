"""One thin file per Lambda function: decode, one call, encode."""
