"""Jobs in the cloud.

cancel        Cancels a job.
client        Finds the stack, and submits jobs.
dead_letters  Refused events, and sending one again.
job_ids       Names of new jobs.
logs          What the functions logged about a job.
resume        Resumes a job from any machine.
status        A job's progress or result.
"""
