"""Many objects in one job: what the state machine's functions do for a dataset.

destinations  The destinations of millions of items, in little memory.
gathering     Items on their way into a dataset's files.
items         Single items of a unit, each by a transfer of its own.
noted         What exists at the destinations.
own           Objects that an earlier try of the same dataset made.
plan          How far a dataset is prepared, and what it consists of.
prepare       Lists the items, and cuts them into units.
records       The records of items that have an upload.
repeated      Items with one destination.
results       How items ended, as lines of a dataset's files.
unit          The whole items of one unit that a worker copies before its time is up.
"""
