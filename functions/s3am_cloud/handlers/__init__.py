"""One thin file per Lambda function: decode, one call, encode.

control  Accept, prepare, complete, report.
janitor  Reports failed executions, and cleans up once a day.
metrics  Log lines and metrics of an invocation.
runtime  The world of a Lambda function, from its environment variables.
tasks    Tasks that control and worker share.
worker   Moves a unit's parts; the only function that opens secrets.
"""
