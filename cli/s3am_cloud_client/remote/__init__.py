"""Jobs in the cloud.

cancel        Cancels a job.
client        Finds the stack, and starts jobs.
datasets      Many objects as one request.
dead_letters  Refused events, and sending one again.
host_keys     SSH host keys from this machine, for a job elsewhere.
items         How the items of a dataset ended.
job_ids       Names of new jobs.
logs          What the functions logged about a job.
netrc_logins  Logins from ~/.netrc, for a job elsewhere.
polls         Asking AWS again and again.
resume        Resumes a job from any machine.
rule_inputs   What EventBridge's rules make of events.
status        A job's progress or result.
submit        Adds what only its user has to a request: logins, keys, secrets.
"""
