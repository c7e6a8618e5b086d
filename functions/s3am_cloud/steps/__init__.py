"""One verb, one file, one function: what a transfer does, knowing neither driver nor wire."""
