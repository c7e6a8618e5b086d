"""What every error has: an exit code, whether trying again may help, a message and a hint. `errors.py` has them all."""

from __future__ import annotations

import msgspec


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """An error as data, for `--json` and for a job's report."""

    code: int
    name: str
    retryable: bool
    message: str
    hint: str


class TransferError(Exception):
    """Base of all named errors. Messages never hold a secret: URLs go in through `SourceUrl.display`."""

    code: int = 1
    meaning: str = "unexpected failure"
    retryable: bool = False
    hint: str = "run again with --debug and report what it prints"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        # Names of files may be any bytes; what can't be written in UTF-8 is shown by its number.
        self.message = _writable(message)
        self.hint = _writable(hint or type(self).hint)

    def __str__(self) -> str:
        return self.message

    def about(self, what: str) -> TransferError:
        """The same error with what it is about in front, unless it says so already."""
        return self if what in self.message else type(self)(f"{what}: {self.message}", self.hint)

    def report(self) -> ErrorReport:
        return ErrorReport(
            code=self.code,
            name=type(self).__name__,
            retryable=self.retryable,
            message=self.message,
            hint=self.hint,
        )


def _writable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
