"""The Python client: transfers on this machine, and jobs in the cloud.

observer    What a transfer reports while it runs.
state_home  Where a user's records outlive a run.

inprocess/  The pipeline on this machine, over worker processes.
remote/     Jobs in the cloud.
"""
