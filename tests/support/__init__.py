"""What several suites share.

bare_cloud   An emulated AWS account without the stack.
cloud_fakes  Fakes of what a job in the cloud meets.
command      The installed command, run as a user runs it.
examples     Examples in documentation.
fakes        A clock, a store and a world in memory that tests control.
fork_server  Runs of the command as forks of a process that has imported it.
linted       What cfn-lint finds in a template.
prefetch     Cases of a table, worked on a few at a time ahead of their tests.
stored       What is in a test's bucket.
syntax       The syntax trees of the product's modules.
turns        What several workers would do at once, one after the other.
"""
