"""Datasets on this machine: many items in one run, a verdict for each.

answers      What an item's outcome is, by what the lanes report.
candidates   An item whose URLs were read.
existing     What is at the destinations before a run.
known        Which objects were copied from which version of their sources, from one run to the next.
lanes        Threads that copy: one for whole objects over one loop, some for items that need a transfer of their own.
preview      What a run of uploads would do.
report       The files of a run.
run          One run, from a list of items to the outcome of each.
streams      Bytes that come in pieces, as a file.
upload_run   A run of uploads, put together.
selected     The items that a user names.
single       One item by the thorough way of single transfers.
"""
