"""The pipeline on this machine, over worker processes.

checks              Verifies an upload against expected checksums, while it runs or afterwards.
destinations        Where a download goes: a file, standard output, a FIFO or a device.
discarding          Discards unfinished uploads.
download_plan       What a download would take.
downloads           Runs downloads into files.
driver              Runs uploads.
dry_run             Plans a job as the cloud would prepare it, and writes nothing.
listings            What is below a prefix in S3: objects, and unfinished uploads.
new_processes       Whether worker processes are forked, spawned, or not started at all.
part_journal        Checksums of moved parts, for stores that do not list them.
parts_run           Moves all parts of one upload.
patience            When a connection is given up.
ports               The adapters that transfers on this machine take.
rate_limit          Bytes a second that all connections of all threads and processes move together.
reading_once        What is said of uploads from a pipe, which nothing can continue.
record_store        Where records are kept: with the stack, or in the user's folder.
runners             Which process runs a transfer, and whether it still does.
shared_concurrency  The number of connections that several processes share.
stopping            Ctrl-C, SIGTERM and SIGHUP.
stream_driver       Downloads to standard output, FIFOs and devices.
system_errors       The operating system's limits under our names.
workers             Moves parts over several worker processes.

dataset/            Datasets on this machine: many items in one run, a verdict for each.
"""
