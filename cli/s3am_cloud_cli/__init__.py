"""The `s3am-cloud` command, built on the Python client.

entry           The start: imports little, so that Ctrl-C works from the beginning.
environment     Puts the environment variables in order.
main            Finds the command, runs it, and is the one place that exits.
netrc_logins    Where programs that were written for earlier versions import logins from ~/.netrc.
newest_folders  Keeps the newest folders of a cache.

aws_check/    `doctor --full`: claims checked on a real account.
commands/     One file per command.
options/      Options that several commands share.
console/      What a user reads.
demo/         The demo's servers and its story.
deployment/   `deploy` and `destroy`.
local_cloud/  The embedded cloud.
"""
