"""Many objects at once: the items of a dataset, and what becomes of each.

items     One object to copy, wherever it was named.
outcomes  How items ended, and how many in each way.
"""
