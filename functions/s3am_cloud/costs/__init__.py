"""What a job takes and costs.

forecast  Calls, seconds and dollars of a job, by arithmetic.
prices    Every price once, with its place and date.
quote     What `plan` shows, and the limit that --max-cost sets.
surcharge What is charged by the gigabyte and by storage class.
"""
