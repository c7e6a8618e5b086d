"""Bytes over libcurl: one multi loop per process drives many parts at once.

`mover` is what drivers use. Under it, for each part: `get` or `file_feed` bring bytes, `put` or `file_sink` take them
away, `window` lies between, and `loop` turns until all are done.
"""
