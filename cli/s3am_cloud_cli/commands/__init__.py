"""One file per command; each turns options into one call.

cancel            Stop a job, or discard unfinished uploads.
demo              See the main job end to end.
deploy            Deploy the stack.
destroy           Remove the stack.
doctor            Check credentials, stack, buckets and sources.
download          Copy an object into a file or to standard output.
events            List refused events, and send one again.
generate_sse_key  Make a key for SSE-C.
jobs              List jobs.
local             Start, stop and show the embedded cloud.
logs              Show a job's log.
ls                List objects, or unfinished uploads.
plan              Show what a transfer would take.
receipt           Show where an object came from.
resume            Resume a job.
schema            Print JSON Schemas.
status            Show a job's progress or result.
submit            Transfer in the cloud.
template          Write the stack as a CloudFormation template.
upload            Transfer from this machine.
verify            Print and compare checksums.
watch             Follow a job to its end.
"""
