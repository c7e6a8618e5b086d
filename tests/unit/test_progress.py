"""What a user sees while a transfer lasts: bars of any width, lines, JSON, and logs."""

from __future__ import annotations

import io
import json
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.errors import JobFailed
from s3am_cloud_cli.console.meter import LINE_SECONDS, Bar, Meter, Nothing
from s3am_cloud_cli.console.output import Console, ProgressKind
from s3am_cloud_cli.console.progress_text import Progress, progress_bar, progress_line, time_left_text
from s3am_cloud_cli.console.screen import Screen
from support.fakes import FakeClock

MIB = 1 << 20
DATASET = Progress(
    title="5,000,000 items",
    bytes=1_000_000 * MIB,
    total_bytes=1_048_575 * MIB,
    items=4_999_999,
    total_items=5_000_000,
    failed=123_456,
    bytes_per_second=999.9 * MIB,
    seconds_left=36_000,
)


class Shown:
    """A console that writes to a text, by a clock that moves by itself."""

    def __init__(self, kind: ProgressKind = "auto", terminal: bool = False, json: bool = False) -> None:
        self.err, self.out, self.clock = io.StringIO(), io.StringIO(), FakeClock()
        if terminal:
            self.err.isatty = lambda: True  # type: ignore[method-assign]
        self.console = Console(json=json, out=self.out, err=self.err, clock=self.clock)
        self.console.progress_kind = kind

    @property
    def lines(self) -> list[str]:
        return self.err.getvalue().splitlines()


@pytest.mark.parametrize("width", [79, 199])
def test_a_dataset_s_bar_has_all_numbers_at_80_and_at_200_columns(width: int) -> None:
    line = progress_bar(DATASET, width)
    assert len(line) <= width
    assert "95%" in line
    assert "4,999,999/5,000,000" in line
    assert "123,456 failed" in line
    assert "ETA 10:00:00" in line
    assert re.search(r"999\.9 ?M(iB)?/s", line)
    assert ("[#" in line) == (width == 199)


def test_one_object_s_bar_has_its_name_and_a_bar_at_80_columns() -> None:
    progress = Progress(
        title="run42.tar",
        bytes=512 * MIB,
        total_bytes=1024 * MIB,
        bytes_per_second=MIB,
        seconds_left=512,
        text="3/10 parts",
    )
    line = progress_bar(progress, 79)
    assert re.fullmatch(r"run42\.tar 50% \[#{6,}-{6,}\] 512\.0M/1\.0G 1\.0M/s ETA 0:08:32 3/10 parts", line)
    assert progress_bar(progress, 199).endswith("512.0 MiB of 1.0 GiB, 1.0 MiB/s, ETA 0:08:32, 3/10 parts")


@given(
    st.builds(
        Progress,
        title=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300),
        bytes=st.integers(0, 10**15),
        total_bytes=st.none() | st.integers(1, 10**15),
        items=st.none() | st.integers(0, 10**7),
        total_items=st.none() | st.integers(1, 10**7),
        failed=st.integers(0, 10**6),
        bytes_per_second=st.floats(0, 10**12),
        seconds_left=st.none() | st.floats(0, 10**7),
        text=st.sampled_from(["", "3/10 parts, 2 retries"]),
    ),
    st.integers(1, 250),
)
def test_a_bar_fits_any_terminal(progress: Progress, width: int) -> None:
    from s3am_cloud_cli.console.progress_text import _columns

    assert _columns(progress_bar(progress, width)) <= width


def test_failures_are_seen_in_few_columns() -> None:
    assert progress_bar(DATASET, 40) == " 95% 4,999,999/5,000,000 123,456 failed"


def test_without_a_terminal_a_line_with_the_time_comes_every_30_seconds() -> None:
    shown = Shown()
    with shown.console.progress("2,000 items", 2000 * MIB) as meter:
        for second in range(95):
            shown.clock.sleep(1)
            meter.count_items(second * 10, 2000, 3)
            meter(10 * MIB)
    assert len(shown.lines) == 3
    assert shown.lines[0] == (
        "2026-01-02T03:04:35Z 2,000 items: 15% 290/2,000 items, 300.0 MiB of 2.0 GiB, 10.0 MiB/s, ETA 0:02:50, 3 failed"
    )


def test_the_rate_is_that_of_the_last_seconds() -> None:
    shown = Shown("none")
    with shown.console.progress("x", 0) as meter:
        for rate in (100, 1):
            for _ in range(60):
                shown.clock.sleep(1)
                meter(rate * MIB)
        assert meter.progress.bytes_per_second == MIB


def test_the_time_left_follows_from_the_items_where_sizes_are_unknown() -> None:
    shown = Shown("none")
    with shown.console.progress("100 items", 0) as meter:
        for second in range(1, 11):
            shown.clock.sleep(1)
            meter.count_items(second * 2, 100, 0)
            meter(1000)
        assert meter.progress.seconds_left == 40
        assert meter.progress.share == 0.2


def test_progress_as_json_is_one_object_on_each_line_of_stderr() -> None:
    shown = Shown("json")
    with shown.console.progress("2 items", 100) as meter:
        shown.clock.sleep(LINE_SECONDS)
        meter.count_items(1, 2, 1)
        meter(50)
        shown.console.note("a\nb")
        meter(50)
    shown.console.fail(JobFailed("worn out", "rest"))
    said = [json.loads(line) for line in shown.lines]
    assert [one["type"] for one in said] == ["progress", "note", "progress", "error"]
    assert said[0]["progress"] == {
        "title": "2 items",
        "bytes": 50,
        "total_bytes": 100,
        "items": 1,
        "total_items": 2,
        "failed": 1,
        "bytes_per_second": 1.7,
        "seconds_left": 30.0,
    }
    assert said[1] == {"time": "2026-01-02T03:04:35Z", "type": "note", "text": "a\\nb"}
    assert said[3]["error"]["name"] == "JobFailed"


def test_a_note_stands_above_the_bar_which_is_drawn_again() -> None:
    shown = Shown("bar")
    with shown.console.progress("x", 100) as meter:
        shown.clock.sleep(1)
        meter(50)
        shown.console.note("look")
    text = shown.err.getvalue()
    assert re.search(r"\rx 50% \[#+-+\].*\r +\rlook\n\rx 50%", text)
    assert text.endswith("\n")


def test_a_short_run_shows_no_bar() -> None:
    shown = Shown(terminal=True)
    with shown.console.progress("x", 100) as meter:
        meter(70)
        meter(-20)
        meter.advance_to(90)
    assert meter.done == 90
    assert shown.err.getvalue() == ""


@pytest.mark.parametrize("kind", ["bar", "lines", "json"])
def test_quiet_shows_errors_only(kind: ProgressKind) -> None:
    shown = Shown(kind)
    shown.console.quiet = True
    with shown.console.progress("x", 100) as meter:
        shown.clock.sleep(100)
        meter(50)
        shown.console.note("look")
    shown.console.done({}, "all went well")
    assert (shown.err.getvalue(), shown.out.getvalue()) == ("", "")
    shown.console.fail(JobFailed("worn out", "rest"))
    assert len(shown.lines) == 1


def test_quiet_prints_the_json_that_was_asked_for() -> None:
    shown = Shown(json=True)
    shown.console.quiet = True
    shown.console.done({"a": 1}, "text")
    assert json.loads(shown.out.getvalue()) == {"a": 1}


def test_a_log_has_the_time_of_each_note_error_and_item(tmp_path: Path) -> None:
    shown, log = Shown(), tmp_path / "run.log"
    log.write_text("of an earlier run\n")
    shown.console.log_to(log)
    shown.console.quiet = True
    shown.console.note(["one", "two\x1b[2J"])
    shown.clock.sleep(1)
    shown.console.item("a", "copied", lambda one: f"{one} -> b")
    shown.console.fail(JobFailed("worn out", "rest"))
    assert log.read_text().splitlines() == [
        "of an earlier run",
        "2026-01-02T03:04:05Z note one",
        "2026-01-02T03:04:05Z note two\\x1b[2J",
        "2026-01-02T03:04:06Z copied a -> b",
        "2026-01-02T03:04:06Z error s3am-cloud: worn out. Hint: rest.",
    ]


def test_a_new_log_is_its_owner_s_alone(tmp_path: Path) -> None:
    shown, log = Shown(), tmp_path / "run.log"
    shown.console.log_to(log)
    assert stat.S_IMODE(os.stat(log).st_mode) == 0o600


def test_a_log_on_a_full_disk_ends_no_transfer() -> None:
    shown = Shown()
    shown.console.log_to(Path("/dev/full"))
    shown.console.note("one")
    shown.console.note("two")
    assert shown.lines == ["nothing more is written to /dev/full: No space left on device", "one", "two"]


def test_a_bar_outside_a_terminal_has_80_columns() -> None:
    assert Screen(io.StringIO()).columns == 79
    meter = Meter("x" * 300, 100, Bar(Screen(io.StringIO())), FakeClock())
    assert len(progress_bar(meter.progress, 79)) <= 79
    assert Meter("x", 0, Nothing(), FakeClock()).progress.share is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (3725, "1:02:05"), (360_000, "100:00:00")]
)
def test_times_left_are_in_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert time_left_text(seconds) == text


def test_a_line_without_totals_says_what_has_come() -> None:
    assert progress_line(Progress(title="x", bytes=1024)) == "x: 1.0 KiB, 0 B/s"
