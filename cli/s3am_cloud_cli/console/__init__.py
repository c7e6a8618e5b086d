"""What a user reads.

diagnosis_text  What doctor found as text.
escaping      Makes text from outside harmless for a terminal.
event_text    Failed events as text.
follow        Submits and watches jobs as the commands show it.
follow_logs   Shows a job's log until the job ends.
hints         Hints name only options that the command has.
item_text     How the items of a dataset ended as text.
listing_text  Listings, printed as they come.
log_file      --log-file: what a run reports, with the time of each line.
meter         Counts what is transferred, and shows it now and then.
output        Results on stdout; progress, notes and errors on stderr.
progress_text  How far a transfer has come: a bar, a line, JSON.
quote_text    A quote as text.
preview_text  What a run over many items would do as text.
many          Prints what comes of a run over many items.
receipt_text  Receipts and jobs as text.
screen        Standard error: lines, and one bar below them.
summary_text  How a run over many items went as text.
streams       Standard input and output that survive closed ends and odd encodings.
verified_text  How a comparison with a list of checksums went as text.
"""
