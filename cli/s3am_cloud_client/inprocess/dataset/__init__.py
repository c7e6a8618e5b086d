"""Datasets on this machine: many items in one run, a verdict for each.

answers       What an item's outcome is, by what the lanes report.
candidates    An item whose URLs were read.
directions    What differs between a run of uploads and one of downloads.
download_run  A run of downloads, put together.
downloading   The direction out of S3, into files below one folder.
existing      What is at the destinations before a run.
fetching      One item by the thorough way of single downloads.
items_run     A run with its list, its tally and what is shown of it.
known         Which objects were copied from which version of their sources, from one run to the next.
lanes         Threads that copy: one for whole objects over one loop, some for items that need a transfer of their own.
preview       What a run of uploads would do.
report        The files of a run.
run           One run, from a list of items to the outcome of each.
selected      The items that a user names.
single        One item by the thorough way of single transfers.
streams       Bytes that come in pieces, as a file.
upload_run    A run of uploads, put together.
uploading     The direction into S3.
verify_run    A run that compares many objects with a list of checksums.
"""
