"""A run of `doctor --full`: its bound, its verdicts, and that it removes what it made, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from s3am_cloud.errors import StoreBusy, TooExpensive
from s3am_cloud.limits import MAX_COPY_PART, MAX_PART, MAX_PARTS, MIN_PART
from s3am_cloud_cli.aws_check.bench import Bench, remove_bucket
from s3am_cloud_cli.aws_check.claims import Claim, ClaimFails, Need, check_budget, expect, total_cost
from s3am_cloud_cli.aws_check.large import LARGE, SEED, ranges
from s3am_cloud_cli.aws_check.run import CLAIMS, DEPLOY, MOST_DOLLARS, judged_all
from s3am_cloud_cli.aws_check.scratch import Made, Order, Scratch
from s3am_cloud_cli.aws_check.verdicts import Checked, checked_text


class FakeBench:
    def __init__(self, at_aws: bool = True, own_stack: bool = True) -> None:
        self.at_aws, self.own_stack = at_aws, own_stack
        self.said: list[str] = []
        self.scratch = Scratch(self.said.append)
        self.removed: list[str] = []

    def make(self, order: Order, name: str, failing: int = 0, error: BaseException | None = None) -> None:
        """Something that is removed at the `failing + 1`st try."""
        tries = iter(range(failing + 9))

        def remove() -> None:
            if next(tries) < failing:
                raise error or StoreBusy("slow down")
            self.removed.append(name)

        self.scratch.add(Made(order, name, remove, f"remove {name}"))

    def judged(self, *claims: Claim) -> tuple[list[str], bool]:
        verdicts, interrupted = judged_all(claims, cast("Bench", self), self.said.append)
        return [verdict.state for verdict in verdicts], interrupted


def claim(check: Callable[[Bench], str], name: str = "c", needs: tuple[Need, ...] = ()) -> Claim:
    return Claim(name=name, text="it holds", check=check, dollars=0.01, needs=needs)


def holds(bench: Bench) -> str:
    return "seen"


def fails(bench: Bench) -> str:
    raise ClaimFails("something else was seen")


def busy(bench: Bench) -> str:
    raise StoreBusy("slow down")


def interrupted(bench: Bench) -> str:
    cast("FakeBench", bench).make(Order.BUCKET, "half-made")
    raise KeyboardInterrupt


def test_a_whole_run_is_below_a_dollar_and_counts_its_10000_parts() -> None:
    assert 0.05 < total_cost(CLAIMS) < MOST_DOLLARS == 1.00
    assert check_budget(CLAIMS, 1.00) == total_cost(CLAIMS)
    with pytest.raises(TooExpensive, match=r"more than \$0.05") as refused:
        check_budget(CLAIMS, 0.05)
    assert "nothing was made" in refused.value.hint


def test_each_claim_has_a_name_of_its_own_and_a_sentence() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.text and not claim.text.endswith(".") for claim in CLAIMS)
    assert {"versioned", "kms", "tags", "acl-less", "cross-region", "5-gib-part", "10000-parts", "throttled"} <= {
        claim.name for claim in CLAIMS
    }


def test_a_claim_that_fails_does_not_keep_the_others_from_being_checked() -> None:
    assert FakeBench().judged(claim(fails), claim(busy), claim(holds)) == (["fails", "fails", "holds"], False)


def test_without_its_stack_nothing_else_is_checked() -> None:
    assert FakeBench().judged(claim(busy, DEPLOY), claim(holds))[0] == ["fails", "not reached"]


@pytest.mark.parametrize(
    ("at_aws", "own_stack", "states"),
    [
        (True, True, ["holds", "holds", "holds"]),
        (False, True, ["skipped", "holds", "skipped"]),
        (True, False, ["holds", "skipped", "holds"]),
    ],
)
def test_what_an_emulator_or_a_shared_stack_can_not_show_is_skipped(
    at_aws: bool, own_stack: bool, states: list[str]
) -> None:
    claims = (claim(holds, "a", ("aws",)), claim(holds, "b", ("own stack",)), claim(holds, "c", ("second region",)))
    assert FakeBench(at_aws, own_stack).judged(*claims)[0] == states


def test_ctrl_c_ends_the_checks_and_everything_is_removed() -> None:
    bench = FakeBench()
    bench.make(Order.STACK, "stack")
    states, ended = bench.judged(claim(holds), claim(interrupted), claim(holds))
    assert (states, ended) == (["holds", "not reached", "not reached"], True)
    assert bench.scratch.remove_all() == ()
    assert bench.removed == ["stack", "half-made"]


def test_what_writes_is_removed_before_what_it_writes_to() -> None:
    bench = FakeBench()
    bench.make(Order.KEY, "key")
    bench.make(Order.BUCKET, "a")
    bench.make(Order.STACK, "stack")
    bench.make(Order.BUCKET, "b")
    bench.make(Order.JOB, "job")
    bench.scratch.forget("a")
    assert bench.scratch.remove_all() == ()
    assert bench.removed == ["job", "stack", "b", "key"]
    assert bench.scratch.remove_all() == ()


@pytest.mark.parametrize("error", [StoreBusy("slow down"), KeyboardInterrupt()])
def test_a_removal_that_is_interrupted_or_fails_is_tried_again(error: BaseException) -> None:
    bench = FakeBench()
    bench.make(Order.STACK, "stack", failing=2, error=error)
    bench.make(Order.BUCKET, "bucket", failing=3, error=error)
    bench.make(Order.KEY, "key")
    [left] = bench.scratch.remove_all()
    assert left.startswith("bucket (")
    assert left.endswith("): remove bucket")
    assert bench.removed == ["stack", "key"], "what is left does not keep the rest from being removed"


def test_what_is_left_is_listed_with_the_command_that_removes_it() -> None:
    verdicts, _ = judged_all((claim(holds), claim(fails)), cast("Bench", FakeBench()), lambda text: None)
    left = ("bucket b (busy): aws s3 rb",)
    checked = Checked(account="1", region="us-east-1", stack="S", dollars=0.16, verdicts=verdicts, left=left)
    text = "\n".join(checked_text(checked))
    assert (checked.failures, "1 holds, 1 fails; about $0.16" in text) == (1, True)
    assert "bucket b (busy): aws s3 rb" in text


def test_an_expectation_names_what_was_seen_instead() -> None:
    expect(True, "unused")
    with pytest.raises(ClaimFails, match="another"):
        expect(False, "another")


def test_a_bucket_is_removed_with_versions_markers_and_uploads() -> None:
    moto = pytest.importorskip("moto")
    import boto3

    with moto.mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        s3.create_bucket(Bucket="scratch")
        s3.put_bucket_versioning(Bucket="scratch", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2"):
            s3.put_object(Bucket="scratch", Key="k", Body=body)
        s3.delete_object(Bucket="scratch", Key="k")
        s3.create_multipart_upload(Bucket="scratch", Key="u")
        remove_bucket(s3, "scratch")
        assert s3.list_buckets()["Buckets"] == []
        remove_bucket(s3, "scratch")


def test_large_objects_are_made_of_whole_pieces() -> None:
    size = MAX_PARTS * MIN_PART
    pieces = list(ranges("five", size, LARGE))
    assert sum(length for _, _, length in pieces) == size
    assert max(length for _, _, length in pieces) == LARGE == MAX_COPY_PART
    assert all(length >= MIN_PART for _, _, length in pieces)
    assert LARGE % SEED == 0
    assert MAX_PART < LARGE < 2 * MAX_PART
