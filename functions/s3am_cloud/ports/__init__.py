"""The contracts with the world. Nothing here does anything.

coordination  Locks, cancellation and what schedules have fetched.
dataset_files  Items, units and results of datasets in the cloud.
executions    The state machine, and who hears how its jobs end.
item_list     The items of a dataset while they are transferred.
local_file    What a download fills.
objects       What copies whole objects, many at once.
pace          Rates and deadlines.
records       The records of jobs.
transfer      Source, store, mover, reader, clock.
trees         What holds many files.
vault         What seals and keeps secrets.
"""
