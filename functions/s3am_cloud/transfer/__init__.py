"""One object from its source to its verdict.

closing_moves    Ends a move with the block that uses it.
confirmation     What the store shows of the object that was just written.
copied_tags      The tags of an object that is copied inside S3.
destination      What is at a destination already.
download         An object into a local file.
download_stream  An object into standard output, a FIFO or a device.
local_parts      Parts of a download on the disk.
overtaken        What another transfer did to this one's destination meanwhile.
owners           Whose an unfinished upload is, and whether its transfer still runs.
part_sizes       How large parts are, and how many make a unit.
pipeline         A transfer on one page. Start reading here.
remaining        The parts that are still to be moved.
reserved         The bucket of the records is nobody's source or destination.
resumption       Which parts of an unfinished upload may be relied on.
stored_parts     Whether what the store lists is what was sent.
verification     `verify`: an object's checksum, and what is known of it.

steps/  One verb per file.
"""
