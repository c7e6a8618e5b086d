"""Many objects in one job: what the state machine's functions do for a dataset.

destinations  The destinations of millions of items, in little memory.
gathering     Items on their way into a dataset's files.
noted         What exists at the destinations.
plan          How far a dataset is prepared, and what it consists of.
prepare       Lists the items, and cuts them into units.
repeated      Items with one destination.
"""
