"""What a user reads: results on stdout; progress, warnings and errors on stderr."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeVar

import msgspec

from s3am_cloud.errors import AccessDenied, DiskFull, ErrorReport, TransferError, Unexpected
from s3am_cloud_cli.console.escaping import escaped, escaped_json
from s3am_cloud_cli.console.log_file import LogFile, time_text
from s3am_cloud_cli.console.meter import Bar, Display, Documents, Lines, Meter, Nothing
from s3am_cloud_cli.console.progress_text import Progress
from s3am_cloud_cli.console.screen import Screen
from s3am_cloud_client import SystemClock

if TYPE_CHECKING:
    from s3am_cloud_client import Clock

ProgressKind = Literal["auto", "bar", "lines", "json", "none"]
_CLOCK = SystemClock()

Listed = TypeVar("Listed")
# One line, or several. A newline in a line is somebody else's, and shown as an escape.
Text = str | Sequence[str]


class _Failed(msgspec.Struct, frozen=True):
    error: ErrorReport


class _Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line on stderr with --progress json."""

    time: str
    type: Literal["progress", "note", "error"]
    progress: Progress | None = None
    text: str | None = None
    error: ErrorReport | None = None


class Console:
    """One run of the command, as its user sees it. What comes from outside is escaped before it is printed."""

    def __init__(
        self,
        json: bool = False,
        debug: bool = False,
        verbose: bool = False,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        self.json, self.debug, self.verbose = json, debug, verbose or debug
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._clock, self._screen = clock, Screen(self._err)
        # What --json-lines, --progress, --quiet and --log-file say.
        self.json_lines = False
        self.progress_kind: ProgressKind = "auto"
        self.quiet = False
        self._log: LogFile | None = None
        self.resume_hint: str | None = None
        self._reported: TransferError | None = None

    def leave_stdout(self) -> None:
        """Results go to stderr from now on: stdout has the bytes of an object."""
        self._out = self._err

    def log_to(self, path: Path) -> None:
        """Raises OSError where it can't be written to."""
        self._log = LogFile(path, self._clock)

    def result(self, document: object, text: Text) -> None:
        """The one result: `document` as JSON where that was asked for, else `text`."""
        with self._naming_stdout():
            if self.json:
                self._screen.hide()
                print(self._json_text(document), file=self._out, flush=True)
            elif self._out is self._err:
                self.note(text)
            else:
                self._screen.hide()
                print("\n".join(map(escaped, _lines(text))), file=self._out, flush=True)

    def done(self, document: object, text: Text) -> None:
        """The one result, where it only says that all went well: nothing with --quiet."""
        self._note_in_log("done", text)
        if self.json or not self.quiet:
            self.result(document, text)

    @contextmanager
    def _naming_stdout(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            named = DiskFull if error.errno == errno.ENOSPC else AccessDenied
            raise named(f"the result can't be written to stdout: {error.strerror}", "write it elsewhere") from error

    def item(self, document: Listed, state: str, text: Callable[[Listed], str]) -> None:
        """How one item of many ended: a line for --json-lines, and one of the log."""
        if self.json_lines:
            with self._naming_stdout():
                if self._out.isatty():
                    self._screen.hide()
                print(self._json_text(document), file=self._out)
        if self._log is not None:
            self._note_in_log(state, text(document))

    def listing(self, name: str, items: Iterator[Listed], text: Callable[[Listed], str], totals: object) -> None:
        """Many results that are printed as they come: lines, or one JSON document with a list of that name.

        `totals` are counted meanwhile, and end the document; so does the error that ends the list, which is raised.
        """
        first = next(items, None)  # what can't be listed at all is an error alone
        found = iter(()) if first is None else chain([first], items)
        with self._naming_stdout():
            if not self.json:
                for one in found:
                    print(self._json_text(one) if self.json_lines else escaped(text(one)), file=self._out)
                self._out.flush()
                return
            self._whole_listing(name, found, totals)

    def _whole_listing(self, name: str, found: Iterator[object], totals: object) -> None:
        self._out.write(f'{{"{name}":[')
        failed: TransferError | None = None
        between = ""
        try:
            for one in found:
                self._out.write(between + self._json_text(one))
                between = ","
        except TransferError as error:
            failed = error
        end = msgspec.to_builtins(totals) | ({} if failed is None else {"error": failed.report()})
        self._out.write("]," + self._json_text(end)[1:] + "\n")
        self._out.flush()
        if failed is not None:
            raise self.reported(failed)

    def summary(self, document: object, text: Text) -> None:
        """What ends many results: on stdout, unless that has their lines."""
        if self.json_lines:
            self.note(text)
        else:
            self.done(document, text)

    def _json_text(self, document: object) -> str:
        """Only ASCII where stdout is not UTF-8, or where there are bytes of a file's name that are not."""
        try:
            text = msgspec.json.encode(document).decode()
        except UnicodeEncodeError:
            return escaped_json(json.dumps(msgspec.to_builtins(document)))
        encoding = getattr(self._out, "encoding", None) or "utf-8"
        utf8 = text.isascii() or encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
        return escaped_json(text if utf8 else json.dumps(msgspec.to_builtins(document)))

    def note(self, text: Text) -> None:
        self._note_in_log("note", text)
        if not self.quiet:
            self._say(text)

    def problem(self, text: Text) -> None:
        """A note that --quiet does not leave out, as it says what went wrong."""
        self._note_in_log("error", text)
        self._say(text)

    def detail(self, text: Text) -> None:
        """For those who asked for more with --verbose."""
        if self.verbose:
            self.note(text)

    def fail(self, error: TransferError) -> int:
        """Reports an error in one line with its hint, and returns its exit code."""
        if self.debug or isinstance(error, Unexpected):
            self._trace()
        text = f"s3am-cloud: {error.message.rstrip('.')}. Hint: {error.hint}."
        self._note_in_log("error", text)
        if self.progress_kind == "json":
            self._document(_Said(self._time, "error", error=error.report()))
        else:
            self._say(text)
        if self.json and error is not self._reported:
            self.result(_Failed(error.report()), "")
        return error.code

    def reported(self, error: TransferError) -> TransferError:
        """Marks an error as one that is in the JSON document printed already."""
        self._reported = error
        return error

    def advise(self, hint: str) -> None:
        self.resume_hint = hint

    def check(self) -> None:
        """The user ends a transfer by Ctrl-C."""

    def checking(self, title: str, total: int) -> AbstractContextManager[Meter]:
        """As for bytes that are transferred: one follows the other."""
        return self.progress(title, total)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Meter]:
        """A bar on a terminal, a line every 30 s elsewhere, or what --progress says."""
        meter = Meter(title, total, self._display(), self._clock)
        try:
            yield meter
        finally:
            meter.close()

    def _display(self) -> Display:
        kind = self.progress_kind
        if kind == "auto":
            kind = "bar" if self._err.isatty() else "lines"
        if self.quiet or kind == "none":
            return Nothing()
        if kind == "bar":
            return Bar(self._screen)
        if kind == "lines":
            return Lines(lambda line: self._screen.lines([f"{self._time} {line}"]))
        return Documents(lambda progress: self._document(_Said(self._time, "progress", progress=progress)))

    @property
    def _time(self) -> str:
        return time_text(self._clock.now())

    def _say(self, text: Text) -> None:
        if self.progress_kind == "json":
            for line in _lines(text):
                self._document(_Said(self._time, "note", text=escaped(line)))
        else:
            self._screen.lines(list(map(escaped, _lines(text))))

    def _document(self, said: _Said) -> None:
        self._screen.lines([self._json_text(said)])

    def _note_in_log(self, kind: str, text: Text) -> None:
        """A log that can't be written ends no transfer, which would be lost for it: the user reads why it ends here."""
        if self._log is None:
            return
        try:
            for line in _lines(text):
                self._log.add(kind, line)
        except OSError as error:
            path, self._log = self._log.path, None
            self._say(f"nothing more is written to {path}: {error.strerror or os.strerror(errno.EIO)}")

    def _trace(self) -> None:
        error = sys.exc_info()[1]
        if self.debug and error is not None:
            self._say(_trace_lines(error))


def _lines(text: Text) -> Sequence[str]:
    return [text] if isinstance(text, str) else text


def _trace_lines(error: BaseException) -> list[str]:
    """As Python prints it, but an error's own message, which may hold anything, stays on its line."""
    lines: list[str] = []
    for piece in traceback.TracebackException.from_exception(error).format():
        ours = piece.startswith(("  File ", "\n"))
        lines += piece.strip("\n").splitlines() if ours else [piece.removesuffix("\n")]
    return lines
