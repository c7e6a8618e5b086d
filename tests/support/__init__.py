"""What several suites share.

fork_server   runs of the command as forks of a process that has imported it
"""
