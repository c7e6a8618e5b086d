"""Many objects at once: the items of a dataset, and what becomes of each.

decisions     What to do with an item, from a listing of the destination and earlier runs.
failures      When a run ends early.
filters       Which items are wanted.
globs         Globs that the shell did not expand.
manifests     Lists of items, in every format that people hold.
names         Where an item goes, and names that none can have.
outcomes      How items ended, and how many in each way.
report_lines  The lines of a run's files that other programs read.
sameness      Whether the object at a destination is the same as its source.
selection     From arguments, folders, prefixes and lists to items.
"""
