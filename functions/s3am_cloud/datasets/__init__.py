"""Many objects at once: the items of a dataset, and what becomes of each.

answers       What an item's outcome is, by what the lanes report.
candidates    An item whose URLs were read.
decisions     What to do with an item, from a listing of the destination and earlier runs.
directions    What differs between a run of uploads and one of downloads.
failures      When a run ends early.
filters       Which items are wanted.
globs         Globs that the shell did not expand.
lanes         Threads that copy: one for whole objects over one loop, some for items that need a transfer of their own.
manifests     Lists of items, in every format that people hold.
names         Where an item goes, and names that none can have.
outcomes      How items ended, and how many in each way.
report_files  The files of a run that are written as outcomes come.
report_lines  The lines of a run's files that other programs read.
run           One run, from a list of items to the outcome of each.
sameness      Whether the object at a destination is the same as its source.
selection     From arguments, folders, prefixes and lists to items.
single        One item by the thorough way of single transfers.
streams       Bytes that come in pieces, as a file.
uploading     The direction into S3.
turns_by_host A queue whose hosts take turns.
units         The units of a dataset's items.
"""
