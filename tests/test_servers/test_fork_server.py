"""Forked runs of the command, as far as a test could mistake what the fork server says for what the command did."""

from __future__ import annotations

import os

from support.fork_server import ForkedRun, control_pair


def test_the_exit_code_of_a_short_run_is_not_taken_for_its_process_id() -> None:
    """The exit code of a run that ends at once is not taken for its process id."""
    ours, theirs = control_pair()
    with theirs:
        theirs.send(b"1234")
        theirs.send(b"9")
    (out, their_out), (err, their_err) = os.pipe(), os.pipe()
    os.close(their_out)
    os.close(their_err)
    run = ForkedRun(ours, out, err)
    assert (run.pid, run.wait(1)) == (1234, 9)
    run.close()
