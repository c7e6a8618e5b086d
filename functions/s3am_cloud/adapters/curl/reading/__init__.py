"""A source read in order over several connections.

buffers  What a range fills: a buffer that is emptied in its turn, or a digest.
factory  Makes readers for any source.
reader   Reads in order while the next ranges are fetched ahead.
"""
