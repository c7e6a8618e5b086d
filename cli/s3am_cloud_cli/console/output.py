"""What a user reads: results on stdout; progress, warnings and errors on stderr."""

from __future__ import annotations

import errno
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from s3am_cloud.amounts import size_text
from s3am_cloud.errors import AccessDenied, DiskFull, ErrorReport, TransferError, Unexpected
from s3am_cloud_cli.console.escaping import escaped, escaped_json

if TYPE_CHECKING:
    from tqdm import tqdm

    from s3am_cloud.model import MovedPart

# Nobody wants a bar for what is over in a moment; without a terminal, a line now and then is enough for a log.
_BAR_DELAY_SECONDS = 0.5
_LINE_SECONDS = 30.0


Listed = TypeVar("Listed")
# One line, or several. A newline in a line is somebody else's, and shown as an escape.
Lines = str | Sequence[str]


class _Failed(msgspec.Struct, frozen=True):
    error: ErrorReport


class Console:
    """One run of the command, as its user sees it. Whatever is printed goes through `_write`, which escapes it."""

    def __init__(
        self,
        json: bool = False,
        debug: bool = False,
        verbose: bool = False,
        json_lines: bool = False,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
    ) -> None:
        self.json_lines = json_lines
        self.json, self.debug, self.verbose = json, debug, verbose or debug
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self.resume_hint: str | None = None
        self._reported: TransferError | None = None

    def leave_stdout(self) -> None:
        """Results go to stderr from now on: stdout has the bytes of an object."""
        self._out = self._err

    def result(self, document: object, text: Lines) -> None:
        """The one result: `document` as JSON where that was asked for, else `text`."""
        with self._naming_stdout():
            if self.json:
                print(self._json_text(document), file=self._out, flush=True)
            else:
                self._write(text, self._out)

    @contextmanager
    def _naming_stdout(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            named = DiskFull if error.errno == errno.ENOSPC else AccessDenied
            raise named(f"the result can't be written to stdout: {error.strerror}", "write it elsewhere") from error

    def line(self, document: object) -> None:
        """One of many results, for --json-lines."""
        if self.json_lines:
            with self._naming_stdout():
                print(self._json_text(document), file=self._out)

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

    def summary(self, document: object, text: Lines) -> None:
        """What ends many results: on stdout, unless that has their lines."""
        if self.json_lines:
            self.note(text)
        else:
            self.result(document, text)

    def _json_text(self, document: object) -> str:
        """Only ASCII where stdout is not UTF-8, or where there are bytes of a file's name that are not."""
        try:
            text = msgspec.json.encode(document).decode()
        except UnicodeEncodeError:
            return escaped_json(json.dumps(msgspec.to_builtins(document)))
        encoding = getattr(self._out, "encoding", None) or "utf-8"
        utf8 = text.isascii() or encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
        return escaped_json(text if utf8 else json.dumps(msgspec.to_builtins(document)))

    def note(self, text: Lines) -> None:
        self._write(text, self._err)

    def detail(self, text: Lines) -> None:
        """For those who asked for more with --verbose."""
        if self.verbose:
            self.note(text)

    def fail(self, error: TransferError) -> int:
        """Reports an error in one line with its hint, and returns its exit code."""
        if self.debug or isinstance(error, Unexpected):
            self._trace()
        self.note(f"s3am-cloud: {error.message.rstrip('.')}. Hint: {error.hint}.")
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
        """A bar on a terminal, a line every 30 s elsewhere."""
        meter = Meter(title, total, self._err)
        try:
            yield meter
        finally:
            meter.close()

    def _trace(self) -> None:
        error = sys.exc_info()[1]
        if self.debug and error is not None:
            self.note(_trace_lines(error))

    def _write(self, text: Lines, file: IO[str]) -> None:
        lines = [text] if isinstance(text, str) else text
        print("\n".join(map(escaped, lines)), file=file, flush=True)


def _trace_lines(error: BaseException) -> list[str]:
    """As Python prints it, but an error's own message, which may hold anything, stays on its line."""
    lines: list[str] = []
    for piece in traceback.TracebackException.from_exception(error).format():
        ours = piece.startswith(("  File ", "\n"))
        lines += piece.strip("\n").splitlines() if ours else [piece.removesuffix("\n")]
    return lines


class Meter:
    """Counts bytes as they move, and shows them."""

    def __init__(self, title: str, total: int, err: IO[str]) -> None:
        self._title, self._total, self._err = escaped(title), total, err
        self._done, self._before, self._parts = 0, 0, ""
        self._since = self._reported = time.monotonic()
        self._bar = self._new_bar() if err.isatty() else None

    def __call__(self, count: int) -> None:
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._reported >= _LINE_SECONDS:
            self._show()

    def expect(self, total: int) -> None:
        """Says how many bytes there are, where that was not known from the start."""
        self._total = total
        if self._bar is not None:
            self._bar.total = total

    @property
    def done(self) -> int:
        return self._done

    def advance_to(self, done: int) -> None:
        """For those who know how much there is, not how much has come."""
        self(done - self._done)

    def begin_at(self, done: int) -> None:
        """Says how much was there before, so that the rate and the time left follow from what comes from now on."""
        self._done = self._before = done
        if self._bar is not None:
            self._bar.n = self._bar.initial = done

    def say(self, text: str) -> None:
        """The text beside the bytes from now on."""
        self._parts = escaped(text)
        if self._bar is not None:
            self._bar.set_postfix_str(self._parts, refresh=False)

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        """Passes parts on as they come, and shows how many of `count` there are, and how often one was tried again."""
        retries = 0
        for part in moving:
            done, retries = done + 1, retries + part.retries
            self.say(parts_text(done, count, retries))
            yield part

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _show(self) -> None:
        self._reported = time.monotonic()
        seconds = max(self._reported - self._since, 1e-9)
        share = f"{self._done / self._total:.0%} of {size_text(self._total)}" if self._total else size_text(self._done)
        rate = f"{size_text((self._done - self._before) / seconds)}/s"
        print(", ".join(filter(None, (f"{self._title}: {share}", rate, self._parts))), file=self._err, flush=True)

    def _new_bar(self) -> tqdm[Any]:
        from tqdm import tqdm

        # Its watching thread wakes bars that skip updates, as these do not, and would keep processes from being forked.
        tqdm.monitor_interval = 0
        return tqdm(
            desc=self._title,
            total=self._total or None,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            delay=_BAR_DELAY_SECONDS,
            miniters=1,
            file=self._err,
            dynamic_ncols=True,
        )


def parts_text(done: int, count: int, retries: int | None) -> str:
    return f"{done}/{count} parts" + (f", {retries} retries" if retries else "")
