"""Local files as sources and destinations.

below          Folders below one folder, and nowhere else.
file_errors    The operating system's errors under our names, with a hint each.
file_reader    Reads a local file from end to end.
item_list      The items of a dataset while they are transferred, in SQLite.
local_file     Local files as sources.
locked_file    A file that one process at a time has.
name_folding   Which names a file system takes for one.
pipes          Standard input, pipes and FIFOs as sources.
private_files  Files and folders of this user alone.
output_stream  Writes in order to standard output, a pipe, a FIFO or a device.
partial_file   Keeps an unfinished download, to be resumed: .NAME.partial and .NAME.progress.
placing        A whole file gets its name.
small_file     A small local file, read whole.
tree           Local folders as trees.
whole_file     A small file of a dataset on its way.
"""
