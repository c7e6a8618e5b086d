"""The `s3am-cloud` command.

`main` is the only place that exits; `options` and `output` are what commands share; each command is one file in
`commands`. `local_run` drives the pipeline on this machine, `remote_run` drives it through the state machine.
Modules are imported when a command needs them, so that `--help` answers at once.
"""
