"""`doctor --full`: what the documentation claims, checked once on a real account, and all of it removed again.

bench       The scratch resources of a run, and the transfers that it makes.
claims      What is claimed, and what checking it needs and costs.
large       Objects of many gigabytes, made inside S3.
limits_met  Claims about S3's and Lambda's limits: 5 GiB parts, 10,000 parts, throttled functions.
run         Asks, deploys, checks each claim, and removes everything, whatever ends the run.
scratch_stack  The stack of a run, and the CDK's own.
scratch     What a run has made, and how it is removed.
transfers_made  Claims about transfers: buckets of all kinds, refusals, secrets.
verdicts    What came of each claim, as data and as text.
"""
