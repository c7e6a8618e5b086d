"""stdin, stdout and stderr, as a command wants them: open, and able to print any text for as long as it runs."""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO, TextIO

from s3am_cloud_cli.console.escaping import escaped_layout


class LastingOutput(io.TextIOWrapper):
    """Text for a reader that may leave before the end, which is no failure of a transfer.

    Characters that the encoding lacks, or that a terminal would obey, are written as escapes. Where `must_arrive`,
    other errors than a reader that left are raised, once.
    """

    def __init__(self, stream: BinaryIO, encoding: str, line_buffering: bool, must_arrive: bool) -> None:
        super().__init__(stream, encoding=encoding, errors="backslashreplace", line_buffering=line_buffering)
        self._must_arrive = must_arrive

    def write(self, text: str, /) -> int:
        try:
            return super().write(escaped_layout(text))
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """What is buffered, and all that comes, goes nowhere; so Python finds nothing to complain about at its end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        if self._must_arrive and not isinstance(error, BrokenPipeError):
            raise error


def prepare_streams() -> None:
    """Opens those that whoever started us has closed, and makes both outputs last."""
    open_closed()
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = _lasting(sys.stdout or os.fdopen(1, "w", encoding="utf-8"), must_arrive=True)
    sys.stderr = _lasting(sys.stderr or os.fdopen(2, "w", encoding="utf-8"), must_arrive=False)


def open_closed() -> None:
    """Otherwise the next file or socket to be opened would get the number of stdout, and be written to."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free. To read from a closed stdin is an error, not an empty input.
            os.open(os.devnull, os.O_RDWR if descriptor else os.O_WRONLY)


def _lasting(stream: TextIO, must_arrive: bool) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, line_buffering = stream.encoding, stream.line_buffering
    return LastingOutput(stream.detach(), encoding, line_buffering, must_arrive)
