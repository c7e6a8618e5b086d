"""What a job takes and costs.

datasets  What a dataset in the cloud takes.
downloads What a download costs.
forecast  Calls, seconds and dollars of a job, by arithmetic.
prices    Every price once, with its place and date.
quote     What `plan` shows, and the limit that --max-cost sets.
storage   What stored bytes cost over time, and what a stack costs while no job runs.
surcharge What is charged by the gigabyte and by storage class.
"""
