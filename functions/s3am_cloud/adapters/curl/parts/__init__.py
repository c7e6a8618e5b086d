"""One part on its way.

body_sources  Where the bytes of a PUT come from: a GET, or a local file.
copy          A part that S3 copies from another object.
download      A part on its way to a local file.
file_writer   Writes the bytes of a GET into a local file.
upload        A part on its way to S3: a GET, a PUT, and what happens when either breaks.
window        The bytes between a GET and its PUT: a queue of bounded size.
"""
