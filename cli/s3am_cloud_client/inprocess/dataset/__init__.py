"""Datasets on this machine: many items in one run, a verdict for each.

download_run  A run of downloads, put together.
downloading   The direction out of S3, into files below one folder.
existing      What is at the destinations before a run.
fetching      One item by the thorough way of single downloads.
item_servers  The servers of the items, and what each of them gets.
items_run     A run with its list, its tally and what is shown of it.
known         Which objects were copied from which version of their sources, from one run to the next.
lane_observer  What a lane's single transfers are observed by.
preview       What a run of uploads or downloads would do.
quoting       What a dataset would take in the cloud.
report        The files of a run.
selected      The items that a user names.
upload_run    A run of uploads, put together.
verify_run    A run that compares many objects with a list of checksums.
"""
