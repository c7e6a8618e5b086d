"""Many objects in one job: what the state machine's functions do for a dataset.

destinations  The destinations of millions of items, in little memory.
forecasts     What a dataset costs.
gathering     Items on their way into a dataset's files.
items         Single items of a unit, each by a transfer of its own.
lacking       What a round left undone.
large         Large items, each a job of its own.
noted         What exists at the destinations.
own           Objects that an earlier try of the same dataset made.
plan          How far a dataset is prepared, and what it consists of.
prepare       Lists the items, and cuts them into units.
progress      How far a dataset is, by the names of its results.
records       The records of items that have an upload.
repeated      Items with one destination.
report        The report of a dataset that has ended.
results       How items ended, as lines of a dataset's files.
settle        What follows a round: the next one, if anything is left.
unit          The whole items of one unit that a worker copies before its time is up.
"""
