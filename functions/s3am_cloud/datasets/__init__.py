"""Many objects at once: the items of a dataset, and what becomes of each.

outcomes  How items ended, and how many in each way.
"""
