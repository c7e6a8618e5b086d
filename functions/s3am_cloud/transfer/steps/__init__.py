"""One verb, one file, one function: what a transfer does, whoever drives it.

abort        Discard an unfinished upload.
complete     Check every part, then make the object of them.
move         Move the parts that the store lacks.
one_version  Decide whether a source may be read over several requests.
open         Decide what to do at the destination, and open a multipart upload.
plan         Cut an object into parts, and parts into units.
probe        Look at the source, and pin its version.
save         Save the ranges of an object in a file.
stream       Move a source in order, for want of ranges or of a size.
verify       Ask the store again, and compare with what was sent.
"""
