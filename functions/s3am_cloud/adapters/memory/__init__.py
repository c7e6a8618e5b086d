"""The contracts of `ports` kept in memory, for tests and dry runs.

jobs      Job records.
reader    Readers.
transfer  A source, a store and a mover.
vault     Secrets.
"""
