"""A job's secrets: what is withheld, sealed, carried over and opened, and what of it may be seen."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.memory.vault import MemoryVault
from s3am_cloud.errors import (
    BadEncryptionKey,
    BadRequest,
    BadSecret,
    BadSource,
    SealedForAnother,
    SecretElsewhere,
    SecretInClear,
)
from s3am_cloud.jobs.named_secrets import NamedSecrets
from s3am_cloud.jobs.sealing import carry_over, opened, opened_jobs, seal, withheld
from s3am_cloud.jobs.secrets import NO_SECRETS, Secrets
from s3am_cloud.jobs.successors import continues, next_id
from s3am_cloud.limits import KMS_PLAINTEXT
from s3am_cloud.logins import HostLogin
from s3am_cloud.model import Job, TransferRequest, Unit, Upload, has_secrets
from s3am_cloud.sse import KeyRing, SseKey
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.urls import S3Url, parse_source, place_of
from support.fakes import TARGET, FakeClock

RAW = bytes(range(32))
KEY = base64.b64encode(RAW).decode()
OTHER = base64.b64encode(RAW[::-1]).decode()
WHOLE = "https://ann:hunter2@host/data.bin?X-Amz-Signature=deadbeef"
SHOWN = "https://host/data.bin?..."
NAME = "s3am-cloud/partner"


def asked(source: str = SHOWN, secret: str | None = None) -> TransferRequest:
    return TransferRequest(source=source, destination=str(TARGET), secret=secret)


def job(source: str = SHOWN, secret: str | None = None, name: str = "job") -> Job:
    return new_job(asked(source, secret), name, FakeClock())


def named(**value: object) -> MemoryVault:
    return MemoryVault({NAME: json.dumps(value)})


def test_what_a_url_does_not_show_is_withheld_with_the_keys() -> None:
    request, secrets = withheld(asked(WHOLE), KeyRing(SseKey(RAW)), KeyRing(SseKey(RAW[::-1]), is_master=True))
    assert request == asked(SHOWN)
    assert secrets == Secrets(source=WHOLE, sse_key=KEY, src_sse_key=OTHER, src_sse_key_is_master=True)
    assert withheld(asked(), KeyRing(SseKey(RAW), is_master=True))[1] == Secrets(sse_key=KEY, sse_key_is_master=True)


@pytest.mark.parametrize("source", ["https://host/data.bin", "s3://bucket/a?b@c", "/a/file"])
def test_a_url_that_shows_all_is_not_withheld(source: str) -> None:
    assert withheld(asked(source), KeyRing()) == (asked(source), NO_SECRETS)


@pytest.mark.parametrize("secrets", [Secrets(source=WHOLE, sse_key=KEY), NamedSecrets(host="host", password="hunter2")])
def test_secrets_have_no_representation(secrets: Secrets) -> None:
    assert repr(secrets) == f"{type(secrets).__name__}(...)"
    assert "hunter2" not in repr(opened(seal(job(), Secrets(source=WHOLE), MemoryVault()), MemoryVault()))


def test_a_record_holds_secrets_sealed_only_and_the_job_is_opened_whole() -> None:
    vault = MemoryVault()
    sealed = seal(job(), Secrets(source=WHOLE, sse_key=KEY, src_sse_key=OTHER, src_sse_key_is_master=True), vault)
    record = msgspec.json.encode(sealed).decode()
    assert not [secret for secret in (KEY, OTHER, "hunter2", "deadbeef") if secret in record]
    found = opened(msgspec.json.decode(record, type=Job), vault)
    assert found.job.request == asked(WHOLE)
    assert found.keys.key is not None
    assert found.source_keys.key is not None
    assert (found.keys.key.raw, found.keys.is_master) == (RAW, False)
    assert (found.source_keys.key.raw, found.source_keys.is_master) == (RAW[::-1], True)


def test_another_key_is_another_request_and_gives_no_key_away() -> None:
    """Who asks with another key asks for something else, and its id gives no key away."""
    key = Secrets(sse_key=KEY)
    assert key.keys_id("s3://b/k") == Secrets(sse_key=KEY, source=WHOLE).keys_id("s3://b/k")
    others = (Secrets(sse_key=OTHER), Secrets(src_sse_key=KEY), Secrets(sse_key=KEY, sse_key_is_master=True))
    found = {secrets.keys_id("s3://b/k") for secrets in (key, *others)} | {key.keys_id("s3://b/other"), ""}
    assert len(found) == 6
    assert Secrets(source=WHOLE).keys_id("s3://b/k") == ""


def test_a_job_without_secrets_is_not_sealed() -> None:
    assert seal(job(), NO_SECRETS, MemoryVault()) == job()
    assert not has_secrets(job())


def sealed_job() -> Job:
    return seal(job(), Secrets(source=WHOLE, sse_key=KEY), MemoryVault())


def changed(found: Job, **request: object) -> Job:
    return msgspec.structs.replace(found, request=msgspec.structs.replace(found.request, **request))


@pytest.mark.parametrize("claimed", ["job", "other"])
def test_what_was_sealed_for_another_job_is_not_opened(claimed: str) -> None:
    stolen = msgspec.structs.replace(sealed_job().sealed[0], job=claimed)
    with pytest.raises(SealedForAnother):
        opened(msgspec.structs.replace(job(name="other"), sealed=(stolen,)), MemoryVault())


def test_two_records_that_swap_what_is_sealed_in_them_both_open_nothing() -> None:
    one = sealed_job()
    two = seal(job(name="two"), Secrets(source=WHOLE, sse_key=OTHER), MemoryVault())
    for record, other in ((one, two), (two, one)):
        with pytest.raises(SealedForAnother):
            opened(msgspec.structs.replace(record, sealed=other.sealed), MemoryVault())


@pytest.mark.parametrize(
    "request_",
    [
        {"destination": "s3://elsewhere/x"},
        {"destination": f"{TARGET}x"},
        {"source": "https://evil/data.bin?..."},
        {"source": "http://host/data.bin?..."},
        {"source": "https://host:444/data.bin?..."},
        {"source": "https://host@evil/data.bin?..."},
        {"source": "https://host.evil/data.bin?..."},
        {"source": "s3://host/data.bin"},
    ],
)
def test_a_record_with_another_destination_or_source_opens_nothing(request_: dict[str, str]) -> None:
    """A record whose destination or source host was changed opens nothing."""
    with pytest.raises(SealedForAnother):
        opened(changed(sealed_job(), **request_), MemoryVault())


@pytest.mark.parametrize("keys", [(), ("ssh-ed25519 BBBB",), ("ssh-ed25519 AAAA", "ssh-ed25519 BBBB")])
def test_a_record_with_another_sftp_server_opens_nothing(keys: tuple[str, ...]) -> None:
    """A record that lets another SFTP server pass for the source opens nothing."""
    known = changed(job("sftp://host/data.bin"), host_keys=("ssh-ed25519 AAAA",))
    found = seal(known, Secrets(source="sftp://ann:hunter2@host/data.bin"), MemoryVault())
    assert "hunter2" in opened(found, MemoryVault()).job.request.source
    with pytest.raises(SealedForAnother):
        opened(changed(found, host_keys=keys), MemoryVault())


@pytest.mark.parametrize("same", ["https://HOST/data.bin?...", "https://host:443/data.bin?..."])
def test_another_spelling_of_the_source_host_is_the_same(same: str) -> None:
    assert place_of(parse_source(same)) == place_of(parse_source(SHOWN))


def test_a_key_for_one_object_in_s3_reads_no_other() -> None:
    found = seal(job("s3://theirs/a"), Secrets(src_sse_key=KEY), MemoryVault())
    with pytest.raises(SealedForAnother):
        opened(changed(found, source="s3://theirs/b"), MemoryVault())


def test_a_record_whose_upload_is_elsewhere_opens_nothing() -> None:
    elsewhere = Upload(target=S3Url("elsewhere", "x"), upload_id="1", full_object=True)
    with pytest.raises(SealedForAnother):
        opened(msgspec.structs.replace(sealed_job(), upload=elsewhere), MemoryVault())


def test_a_key_that_somebody_adds_to_what_was_sealed_is_not_used() -> None:
    """Who submits may seal for any job: their key must not end up on the content of another's login."""
    vault, mine = MemoryVault(), seal(job(), Secrets(sse_key=OTHER), MemoryVault()).sealed
    theirs = sealed_job()
    for pieces in ((*theirs.sealed, *mine), (*mine, *theirs.sealed)):
        with pytest.raises(SealedForAnother):
            opened(msgspec.structs.replace(theirs, sealed=pieces), vault)


@pytest.mark.parametrize("change", ["source", "destination", "upload"])
def test_a_record_that_changes_after_it_was_opened_loses_its_secrets(change: str) -> None:
    """A record that changes after it was opened is not given out with its secrets."""
    inner, vault, recorded = MemoryJobs(), MemoryVault(), sealed_job()
    inner.add(recorded)
    jobs = opened_jobs(inner, recorded, opened(recorded, vault).job)
    elsewhere = Upload(target=S3Url("elsewhere", "x"), upload_id="1", full_object=True)
    inner.save(
        {
            "source": changed(recorded, source="https://evil/data.bin?..."),
            "destination": changed(recorded, destination="s3://elsewhere/x"),
            "upload": msgspec.structs.replace(recorded, upload=elsewhere),
        }[change]
    )
    with pytest.raises(SealedForAnother):
        jobs.load("job")


def test_more_than_kms_takes_is_refused_with_the_way_out() -> None:
    """More than KMS takes is refused with the way out and without a word of it."""
    fits = "https://host/data.bin?" + "s" * (KMS_PLAINTEXT - len('{"source":"https://host/data.bin?"}'))
    assert has_secrets(seal(job(), Secrets(source=fits), MemoryVault()))
    with pytest.raises(BadRequest, match=r"4,097 bytes; KMS seals 4,096") as refused:
        seal(job(), Secrets(source=fits + "s"), MemoryVault())
    assert "--secret" in refused.value.hint
    assert "sss" not in f"{refused.value} {refused.value.hint}"


def test_a_job_that_goes_on_with_another_takes_its_secrets_along() -> None:
    vault = MemoryVault()
    old = seal(job(), Secrets(source=WHOLE, sse_key=KEY), vault)
    later = carry_over(old, job(name="job-r2"), vault)
    last = carry_over(later, job(name="job-r3"), vault)
    for found in (opened(later, vault), opened(last, vault)):
        assert found.job.request.source == WHOLE
        assert found.keys.key is not None


@pytest.mark.parametrize("source", [WHOLE.replace("deadbeef", "50ddba11"), "https://host/data.bin"])
def test_a_new_url_replaces_the_sealed_one_and_the_keys_stay(source: str) -> None:
    """A new URL takes the place of the one that was sealed and the keys stay."""
    vault = MemoryVault()
    later = carry_over(seal(job(), Secrets(source=WHOLE, sse_key=KEY), vault), job(name="job-r2"), vault, source)
    assert "50ddba11" not in msgspec.json.encode(later).decode()
    found = opened(later, vault)
    assert found.job.request.source == source
    assert found.keys.key is not None


@pytest.mark.parametrize("name", ["job", "other-r2", "job-r1", "job-2", "job-r2-r2", "xjob-r2", "job-r2x"])
def test_only_what_continues_a_job_takes_its_secrets_along(name: str) -> None:
    second = carry_over(sealed_job(), job(name="job-r2"), MemoryVault(), WHOLE)
    with pytest.raises(SealedForAnother):
        opened(msgspec.structs.replace(second, id=name), MemoryVault())


def test_a_long_id_is_continued_as_often_as_it_takes() -> None:
    first, ids = "j" * 80, ["j" * 80]
    while len(ids) < 12:
        ids.append(next_id(ids[-1]))
    assert all(continues(found, first) for found in ids)
    assert not continues(ids[1], ids[2])
    assert not continues(ids[1], "j" * 79)


def test_a_new_url_at_another_host_is_refused_for_a_job_that_has_secrets() -> None:
    with pytest.raises(BadRequest, match="bound to https://host:443") as refused:
        carry_over(sealed_job(), job(name="job-r2"), MemoryVault(), "https://evil/data.bin?token=50ddba11")
    assert "s3am-cloud submit --resume" in refused.value.hint
    assert "50ddba11" not in f"{refused.value} {refused.value.hint}"


def test_a_new_url_of_a_job_without_secrets_is_sealed_if_it_has_any() -> None:
    """A new URL of a job without secrets is sealed only where it has any."""
    vault = MemoryVault()
    plain = carry_over(job("https://host/a"), job("https://host/a", name="job-r2"), vault, "https://host/b")
    assert (plain.request.source, plain.sealed) == ("https://host/b", ())
    signed = carry_over(job("https://host/a"), job("https://host/a", name="job-r2"), vault, WHOLE)
    assert signed.request.source == SHOWN
    assert opened(signed, vault).job.request.source == WHOLE


def test_a_new_url_that_is_none_is_refused() -> None:
    with pytest.raises(BadSource):
        carry_over(job(), job(name="job-r2"), MemoryVault(), "gopher://host/x")


def test_secrets_for_another_file_of_the_host_are_not_used() -> None:
    sealed = seal(job("https://host/other.bin"), Secrets(source=WHOLE), MemoryVault())
    with pytest.raises(BadRequest, match="another source than https://host/other"):
        opened(sealed, MemoryVault())


def test_a_named_secret_gives_keys_and_a_login() -> None:
    vault = named(host="host", user="a nn", password="hunter/2", sse_key=KEY, sse_key_is_master=True)
    found = opened(job("https://host/data.bin", NAME), vault)
    assert found.job.request.source == "https://a%20nn:hunter%2F2@host/data.bin"
    assert found.keys.is_master
    assert has_secrets(job("https://host/data.bin", NAME))


LOGIN = HostLogin(place="https://host:443", headers=(("X-Token", "hunter2"),), cookies=("hunter2",))


def test_what_a_server_gets_is_sealed_and_opened_for_that_server_alone() -> None:
    """One for another server, which could only come of a request of somebody else's, is left out."""
    other, vault = msgspec.structs.replace(LOGIN, place="https://evil:443"), MemoryVault()
    shown, secrets = withheld(asked("https://host/data.bin"), logins=(LOGIN, other))
    sealed = seal(new_job(shown, "job", FakeClock()), secrets, vault)
    assert "hunter2" not in msgspec.json.encode(sealed).decode()
    found = opened(sealed, vault)
    assert found.logins == (LOGIN,)
    assert "hunter2" not in f"{found!r} {secrets!r}"
    later = carry_over(sealed, job("https://host/data.bin", name="job-r2"), vault, "https://host/data.bin?sig=50ddba11")
    assert opened(later, vault).logins == (LOGIN,)


def test_a_login_that_somebody_adds_to_what_was_sealed_is_not_used() -> None:
    vault = MemoryVault()
    mine, theirs = seal(job(), Secrets(logins=(LOGIN,)), vault).sealed, sealed_job()
    with pytest.raises(SealedForAnother):
        opened(msgspec.structs.replace(theirs, sealed=(*theirs.sealed, *mine)), vault)


def test_a_named_secret_gives_headers_and_cookies_to_its_host() -> None:
    line = "host\tFALSE\t/\tTRUE\t0\tsession\thunter2"
    value = {"headers": {"X-Token": "a"}, "bearer": "hunter2", "cookies": f"{line}\n{line.replace('host', 'other')}\n"}
    [login] = opened(job("https://host/data.bin", NAME), named(host="host", **value)).logins
    headers = (("X-Token", "a"), ("Authorization", "Bearer hunter2"))
    assert login == HostLogin(place="https://host:443", headers=headers, cookies=(line,))
    with pytest.raises(SecretElsewhere):
        opened(job("https://host/data.bin", NAME), named(host="other", **value))
    with pytest.raises(SecretInClear):
        opened(job("http://host/data.bin", NAME), named(host="host", **value))
    assert opened(job("http://host/data.bin", NAME), named(host="host", cleartext=True, **value)).logins
    for wrong in ({"bearer": "hunter2"}, {"host": "host", "bearer": "hunter 2"}, {"logins": [{"place": "hunter2"}]}):
        with pytest.raises(BadSecret) as refused:
            opened(job("https://host/data.bin", NAME), named(**wrong))
        assert "hunter" not in f"{refused.value} {refused.value.hint}"


def test_a_named_secret_gives_a_whole_url_of_the_same_place() -> None:
    assert opened(job("https://host/data.bin", NAME), named(source=WHOLE)).job.request.source == WHOLE
    with pytest.raises(BadRequest):
        opened(job("https://host/other.bin", NAME), named(source=WHOLE))


def test_what_was_sealed_outdoes_the_named_secret() -> None:
    vault = named(host="host", user="ann", password="old", sse_key=OTHER, sse_key_is_master=True)
    found = opened(seal(job(secret=NAME), Secrets(source=WHOLE, sse_key=KEY), vault), vault)
    assert found.job.request.source == WHOLE
    assert found.keys.key is not None
    assert (found.keys.key.raw, found.keys.is_master) == (RAW, False)


@pytest.mark.parametrize("host", ["elsewhere", "host:81", "ost", "host.evil"])
def test_a_named_login_is_sent_to_no_other_host(host: str) -> None:
    with pytest.raises(SecretElsewhere, match="another host"):
        opened(job("https://host/data.bin", NAME), named(host=host, user="ann", password="hunter2"))


@pytest.mark.parametrize("value", ['{"user": "hunter2"}', '{"hunter2": 1}', '{"sse_key": ["hunter2"]}', "hunter2", ""])
def test_an_unusable_named_secret_is_named_without_its_value(value: str) -> None:
    """A named secret that cannot be used is reported by its name and not by its value."""
    with pytest.raises(BadRequest, match=NAME) as refused:
        opened(job(secret=NAME), MemoryVault({NAME: value}))
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("key", ["no base64", base64.b64encode(b"hunter2").decode()])
def test_a_named_secret_with_a_key_that_is_none_is_exit_code_10(key: str) -> None:
    with pytest.raises(BadEncryptionKey) as refused:
        opened(job(secret=NAME), named(sse_key=key))
    assert key not in str(refused.value)


def test_records_of_an_opened_job_are_loaded_whole_and_saved_as_they_were() -> None:
    inner, vault = MemoryJobs(), MemoryVault()
    sealed = seal(job(), Secrets(source=WHOLE), vault)
    inner.add(sealed)
    inner.add(job("https://host/other?id=7", name="other"))
    jobs = opened_jobs(inner, sealed, opened(sealed, vault).job)
    loaded = jobs.load("job")
    assert loaded.request.source == WHOLE
    jobs.save(msgspec.structs.replace(loaded, execution="arn:1"))
    assert inner.load("job") == msgspec.structs.replace(sealed, execution="arn:1")
    other = job("https://host/other?id=7", name="other")
    assert jobs.load("other") == other
    jobs.save(other)
    assert inner.load("other") == other
    assert jobs.write_units("job", [Unit(0, 1, 1)]) == "jobs/job/units.jsonl"
    assert inner.units("job") == [Unit(0, 1, 1)]


def test_a_query_that_the_record_shows_survives_saving_the_job() -> None:
    """A query that the record shows is still there after the job was saved."""
    inner, vault, source = MemoryJobs(), MemoryVault(), "https://host/data.bin?id=7"
    sealed = seal(job(source), Secrets(sse_key=KEY), vault)
    inner.add(sealed)
    jobs = opened_jobs(inner, sealed, opened(sealed, vault).job)
    jobs.save(jobs.load("job"))
    assert inner.load("job").request.source == source
