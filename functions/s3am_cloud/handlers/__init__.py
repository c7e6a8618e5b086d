"""One thin file per Lambda function: decode, one call, encode.

control      Accept, prepare, settle, complete, report.
environment  What the stack says to its functions in environment variables.
janitor      Reports failed executions, and cleans up every hour.
metrics      Log lines and metrics of an invocation.
runtime      The adapters of a Lambda function, put together.
tasks        Tasks that control and worker share.
worker       Transfers a unit's parts, or copies its items; the only function that opens secrets.
"""
