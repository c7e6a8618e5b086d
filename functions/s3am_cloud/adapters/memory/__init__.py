"""The contracts of `ports` kept in memory, for tests and dry runs.

dataset_files  What datasets keep.
jobs      Job records.
objects   What copies whole objects.
reader    Readers.
transfer  A source, a store and a mover.
vault     Secrets.
"""
