"""Many objects at once: the items of a dataset, and what becomes of each.

manifests  Lists of items, in every format that people hold.
outcomes   How items ended, and how many in each way.
"""
