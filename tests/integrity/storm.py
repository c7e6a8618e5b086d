"""Several processes at once on one object and one file, with random faults and kills, and what has to hold of them."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from integrity.case_env import KEY, MIB, PART, CaseEnv, case_env_of
from integrity.drivers import variables_of
from integrity.forked_runs import ForkedRuns
from integrity.machine import cloud_ports, run_job
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.model import TransferRequest
from servers.content import Pattern, crc64nvme, write_file
from servers.faults import Reset, Status
from servers.http_model import Request
from servers.proxy_rules import (
    INTERNAL_ERROR,
    SLOW_DOWN,
    Action,
    CutReply,
    Delay,
    LoseReply,
    Match,
    ProxiedRequest,
    ResetBefore,
)
from servers.strict_s3 import StrictS3
from support.command import Result

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LONGEST = 90.0
ACTORS = 3
CONTENTS = (Pattern(PART + MIB, seed=51), Pattern(PART + MIB, seed=52), Pattern(MIB, seed=53))
"""Two of one size, which only their bytes tell apart, and one that goes in one request."""
_BUSY = {"StoreBusy", "StoreUnavailable", "SourceBusy", "SourceUnavailable"}
_TAKEN = {"ObjectExists", "ObjectReplaced", "UploadExists", "DestinationBusy", "SeveralUploads", "UploadGone"}
# Of uploads that are resumed: from another source, or in another size than the record says.
_RESUMED = {"SourceChanged", "BadPartSize"}
ALLOWED = {
    "upload": _BUSY | _TAKEN,
    "resume": _BUSY | _TAKEN | _RESUMED,
    "download": _BUSY | {"SourceNotFound", "SourceChanged", "PartialDownloadExists", "DownloadBusy", "LocalFileExists"},
    "cancel": _BUSY,
    "cloud": _BUSY | _TAKEN | _RESUMED,
}
_KEEPING: list[tuple[str, ...]] = [(), (), ("--exists", "skip")]
# What a job of the cloud is asked for besides: it keeps the first object, and so is for all rounds.
_CLOUD: list[tuple[str, ...]] = [(), ("resume",), ("resume",), ("force",)]
_REPLACING: list[tuple[str, ...]] = [(), ("--exists", "overwrite"), ("--exists", "overwrite")]
FAULTS: list[tuple[float, Action]] = [
    (0.02, ResetBefore()),
    (0.02, LoseReply()),
    (0.03, SLOW_DOWN),
    (0.02, INTERNAL_ERROR),
    (0.05, Delay(0.1)),
    (0.02, CutReply(after=1000)),
]


class Chance(Match):
    """Any request, now and then."""

    def __init__(self, dice: random.Random, share: float) -> None:
        super().__init__("ANY")
        object.__setattr__(self, "hits", lambda: dice.random() < share)

    def matches(self, request: ProxiedRequest) -> bool:
        hit: bool = self.hits()  # type: ignore[attr-defined]
        return hit


@dataclass(frozen=True)
class Deed:
    """A run that is to be made; `kind` says which errors it may end in."""

    kind: str
    arguments: tuple[str, ...]
    content: int | None = None
    killed_after: float | None = None


@dataclass
class Log:
    """What came of all runs of a round."""

    entries: list[tuple[Deed, Result, float]] = field(default_factory=list)

    def outcomes(self) -> Counter[str]:
        return Counter(f"{deed.kind}: {_outcome(result)}" for deed, result, _ in self.entries)

    def text(self) -> str:
        return "\n".join(f"{' '.join(d.arguments)} -> {r.returncode} {r.stderr}" for d, r, _ in self.entries)


def _outcome(result: Result) -> str:
    if result.returncode == -9:
        return "killed"
    error = result.document.get("error")
    return "done" if error is None else str(error["name"])


class Round:
    """One destination and one file, until all actors have done their deeds."""

    def __init__(self, site: CaseEnv, dice: random.Random, forked_runs: list[ForkedRuns]) -> None:
        self.site, self.dice, self.forked_runs, self.log = site, dice, forked_runs, Log()
        self.sources = [write_file(content, site.folder / f"{n}.bin") for n, content in enumerate(CONTENTS)]
        broken = [Reset(after=3000, times=None, where=self._now_and_then), Status(status=503, where=self._now_and_then)]
        self.urls = [site.http.add(f"/{n}.bin", content, *broken) for n, content in enumerate(CONTENTS)]
        site.proxy.clear()
        for share, action in FAULTS:
            site.proxy.add(Chance(dice, share), action, times=None)
        # In some rounds the first object stays, in others each may replace it.
        self._exists = self.dice.choice([_KEEPING, _REPLACING])
        self.overwrites = False

    def play(self, deeds: int) -> None:
        """All actors at once, each with its number of deeds, one after the other."""
        plans = [[self._deed() for _ in range(deeds)] for _ in self.forked_runs]
        with ThreadPoolExecutor(len(plans)) as pool:
            list(pool.map(self._act, self.forked_runs, plans))

    def check(self) -> None:
        """What has to hold when all is quiet; and that whoever comes then can put everything right."""
        for deed, result, seconds in self.log.entries:
            self._check_run(deed, result, seconds)
        self._check_object()
        self._check_file()
        self._check_leftovers()
        self.site.proxy.clear()
        self._check_clean_up()

    def _now_and_then(self, request: Request) -> bool:
        return self.dice.random() < 0.05

    def _deed(self) -> Deed:
        kind = self.dice.choices(["upload", "resume", "force", "cloud", "download", "cancel"], [4, 4, 2, 2, 3, 1])[0]
        killed_after = self.dice.uniform(0.05, 0.8) if self.dice.random() < 0.2 else None
        where = self.site.destination
        if kind == "cancel":
            return Deed(kind, ("cancel", where), killed_after=killed_after)
        if kind == "download":
            options = ("--file-exists", "overwrite", "--download-exists", self.dice.choice(["resume", "discard"]))
            wanted = options[: self.dice.choice([2, 4, 4])]
            return Deed(kind, ("download", where, KEY, *wanted), killed_after=killed_after)
        content = self.dice.choice([0, 0, 0, 1, 2])
        if kind == "cloud":
            return Deed(kind, (self.urls[content], *self.dice.choice(_CLOUD)), content)
        source = str(self.sources[content]) if self.dice.random() < 0.5 else self.urls[content]
        exists = self.dice.choice(self._exists)
        self.overwrites |= "overwrite" in exists
        way = {"resume": ("--resume",), "force": ("--force",)}.get(kind, ())
        allowed = "resume" if kind == "resume" else "upload"
        parts = () if content == 2 else ("--part-size", "5MB")
        return Deed(allowed, ("upload", source, where, *parts, *exists, *way), content, killed_after)

    def _act(self, forked: ForkedRuns, plan: list[Deed]) -> None:
        for deed in plan:
            began = time.monotonic()
            if deed.kind == "cloud":
                self.log.entries.append((deed, self._in_the_cloud(deed), time.monotonic() - began))
                continue
            timer = threading.Timer(deed.killed_after or 0, forked.kill)
            if deed.killed_after is not None:
                timer.start()
            result = forked.run([*deed.arguments, "--json"], self.site.folder, variables_of(self.site))
            timer.cancel()
            self.log.entries.append((deed, result, time.monotonic() - began))

    def _in_the_cloud(self, deed: Deed) -> Result:
        """A job as the state machine does it, which has no record of what machines of users do."""
        documents = Folder(self.site.folder / "work")
        access = S3Access(S3Settings(endpoint_url=self.site.endpoint, region=self.site.s3.region))
        asked = TransferRequest(
            source=deed.arguments[0],
            destination=self.site.destination,
            part_size=PART,
            resume="resume" in deed.arguments,
            force="force" in deed.arguments,
        )
        report = run_job(asked, documents, cloud_ports(access, documents, 20))
        code = report.error.code if report.error is not None else 0
        left = f"unfinished upload of {report.destination}" if report.unfinished_upload else ""
        line = f"{left}\ns3am-cloud: {report.error.message}. Hint: {report.error.hint}." if report.error else ""
        return Result(code, msgspec.json.encode(report).decode() + "\n", line)

    def _check_run(self, deed: Deed, result: Result, seconds: float) -> None:
        outcome = _outcome(result)
        assert seconds < LONGEST, (deed, seconds)
        assert outcome != "killed" or deed.killed_after is not None, result
        assert outcome in {"done", "killed"} | ALLOWED[deed.kind], (deed, result)
        assert outcome == "done" or outcome == "killed" or result.error_line, result
        if outcome == "done" and deed.content is not None and result.document["state"] == "succeeded":
            assert result.document["checksum"] == crc64nvme(CONTENTS[deed.content]), (deed, result)

    def _check_object(self) -> None:
        made = {
            deed.content
            for deed, result, _ in self.log.entries
            if deed.content is not None and _outcome(result) == "done" and result.document["state"] == "succeeded"
        }
        assert not made or self.site.stored.keys() == [KEY], "an object that was made is not there"
        assert len(made) < 2 or self.overwrites, "an object was replaced though nobody asked for that"
        if self.site.stored.keys():
            assert self._content() is not None, "the object is none of what anybody sent"
            assert self.overwrites or not made or self._content() in made

    def _content(self) -> int | None:
        """Which content the object has, by its own bytes; S3's checksum has to be theirs."""
        answer = self.site.stored.client.get_object(Bucket=self.site.stored.bucket, Key=KEY, ChecksumMode="ENABLED")
        data = answer["Body"].read()
        assert answer["ChecksumCRC64NVME"] == crc64nvme(data)
        return _index(data)

    def _check_file(self) -> None:
        if self.site.file.exists():
            assert _index(self.site.file.read_bytes()) is not None, "the file is no whole version"

    def _check_leftovers(self) -> None:
        """Whatever is left was reported by whoever left it, or by nobody as it was killed."""
        if any(_outcome(result) == "killed" for _, result, _ in self.log.entries):
            return
        said = "".join(result.stderr for _, result, _ in self.log.entries)
        assert not self.site.stored.unfinished() or "unfinished upload of" in said
        partial = list(self.site.folder.glob(f".{KEY}.partial"))
        assert not partial or "--download-exists" in said

    def _check_clean_up(self) -> None:
        site, run = self.site, self.forked_runs[0].run
        source, where = str(self.sources[0]), site.destination
        run(["cancel", where, "--json"], site.folder, variables_of(site)).ended(0)
        assert site.stored.unfinished() == []
        upload = ["upload", source, where, "--exists", "overwrite", "--force", "--part-size", "5MB", "--json"]
        run(upload, site.folder, variables_of(site)).ended(0)
        site.stored.assert_holds(KEY, CONTENTS[0])
        download = ["download", where, KEY, "--file-exists", "overwrite", "--download-exists", "discard", "--json"]
        run(download, site.folder, variables_of(site)).ended(0)
        assert _index(site.file.read_bytes()) == 0
        assert list(site.folder.glob(f".{KEY}.partial")) == []
        assert site.stored.unfinished() == []


def _index(data: bytes) -> int | None:
    found = [
        n for n, content in enumerate(CONTENTS) if len(data) == content.size and data == content.read(0, len(data))
    ]
    return found[0] if found else None


@contextmanager
def actors() -> Iterator[list[ForkedRuns]]:
    made = [ForkedRuns() for _ in range(ACTORS)]
    try:
        yield made
    finally:
        for forked in made:
            with closing(forked):
                pass


def storm(
    s3: StrictS3, client: "S3Client", forked_runs: list[ForkedRuns], folder: Path, seed: int, deeds: int
) -> Counter[str]:
    """One round, of which everything holds that has to; AssertionError, with the seed and all that was said, if not."""
    dice = random.Random(seed)
    with case_env_of(s3, client, forked_runs[0], folder, CONTENTS[0]) as site:
        played = Round(site, dice, forked_runs)
        played.play(deeds)
        try:
            played.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}\n{played.log.text()}") from error
        return played.log.outcomes()
