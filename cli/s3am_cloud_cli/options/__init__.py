"""Options that several commands share, each defined once.

cost          --max-cost.
datasets      Which items are wanted, and what they are called.
deploy        The stack's parameters.
directions    Arguments the wrong way round.
keys          SSE-C keys.
logins        What sources' servers get: headers, cookies, hosts.toml.
repeating     The command that repeats what a run left undone.
request_file  submit --request.
settings      From AWS options to S3 settings.
showing       --progress, --quiet, --log-file, --json-lines.
transfer      The options of transfers, as values.
"""
