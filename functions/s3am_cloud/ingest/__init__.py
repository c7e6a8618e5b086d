"""What comes in without a user at a terminal: events, routes and schedules.

accept       Reads a request, refuses it by name, or records it as a job once.
dataset_checks  What a request for many objects has to say.
dead_letter  What the dead-letter queue keeps of a refused event.
file         Reads ingest.toml.
grants       Which events may name which secrets.
rules        Turns routes (new objects of a bucket) and schedules (URLs fetched again) into requests.
"""
