"""Names are hostile input: each is copied under just that name, or its item fails by name, and nothing is elsewhere."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from integrity.dataset_env import PREFIX, MakeEnv
from s3am_cloud.errors import BadManifest
from s3am_cloud_client import Item

COPIED, BAD = {"copied"}, {"BadDestination"}

# Of files, as bytes: what becomes of them in S3.
FILES = {
    b"plain": COPIED,
    b"n" * 255: COPIED,
    b"percent%2F..%2Fup": COPIED,
    b"a?versionId=b": BAD,
    b"a:b": COPIED,
    b"-": COPIED,
    b" spaces ": COPIED,
    b"dot.": COPIED,
    b"...": COPIED,
    b"star*[x]?": COPIED,
    b"#fragment": COPIED,
    b"quote'\"<&>": COPIED,
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode(): COPIED,
    "cafe\N{COMBINING ACUTE ACCENT}".encode(): COPIED,
    b"Case": COPIED,
    b"case": COPIED,
    b"new\nline": BAD,
    b"return\r": BAD,
    b"\x1b[31mred": BAD,
    b"\xff\xfe not UTF-8": BAD,
    b"s3am-cloud-\xe9": BAD,
}

# Of objects: what becomes of them in a folder.
KEYS = {
    "plain": COPIED,
    "n" * 255: COPIED,
    "percent%2F..%2Fup": COPIED,
    "a:b": COPIED,
    "-": COPIED,
    " spaces ": COPIED,
    "dot.": COPIED,
    "...": COPIED,
    "both": BAD,
    "both/below": COPIED,
    "Case": COPIED,
    "case": COPIED,
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}": COPIED,
    "cafe\N{COMBINING ACUTE ACCENT}": COPIED,
    "new\nline": BAD,
    "\x1b[31mred": BAD,
}


def test_files_of_any_name_become_objects_of_that_name_or_fail(make_env: MakeEnv) -> None:
    env = make_env(0)
    folder = os.fsencode(env.folder / "names")
    os.mkdir(folder)
    for name in FILES:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(name)
    ran = env.upload(f"{os.fsdecode(folder)}/")
    taken = {name for name, what in FILES.items() if what == COPIED}
    assert {key.encode(): content for key, content in env.objects().items()} == {name: name for name in taken}
    assert (ran.summary.counts.copied, ran.summary.counts.failed) == (len(taken), len(FILES) - len(taken))
    assert {failure.name for failure in ran.summary.failures} == {"BadDestination"}
    assert not [one for one in ran.failed.read_text() if not one.isprintable() and one != "\n"]


def test_objects_of_any_name_become_files_of_that_name_or_fail(make_env: MakeEnv) -> None:
    env = make_env(0)
    for key in KEYS:
        env.stored.put(PREFIX + key, key.encode())
    kept = set(os.listdir(env.folder))
    ran = env.download()
    taken = {name for name, what in KEYS.items() if what == COPIED}
    assert env.downloaded() == {name: name.encode() for name in taken}
    assert (ran.summary.counts.copied, ran.summary.counts.failed) == (len(taken), len(KEYS) - len(taken))
    assert {failure.name for failure in ran.summary.failures} == {"BadDestination"}
    assert set(os.listdir(env.folder)) == {*kept, "out", "run1"}


NOWHERE = ["../up", "a/../../up", "/etc/up", "a/./b", "", ".", "..", "a\0b", "a\nb", "a\rb", "a/"]


def test_a_list_leads_nowhere_outside_its_destination(make_env: MakeEnv) -> None:
    env = make_env(1)
    env.put_all()
    source = env.stored.url(f"{PREFIX}000.bin")
    for name in NOWHERE:
        (env.folder / "list.csv").write_text(f'url,name\n{source},"{name}"\n', newline="")
        for run in (env.upload, env.download):
            with suppress(BadManifest):
                run(manifest=str(env.folder / "list.csv"))
    assert env.objects().keys() <= {"000.bin", "a/000.bin"}
    assert env.downloaded().keys() <= {"000.bin", "a/000.bin"}
    assert not (env.folder / "up").exists()
    outside = Item(source=source, destination=str(env.folder / "up"))
    assert env.download(outside).said_all() == {"BadDestination"}
    assert not (env.folder / "up").exists()


LISTS = {
    "identical lines": ("{0},a\n{0},a\n{1},b\n", {"a", "b"}),
    "one destination of two sources": ("{0},a\n{1},a\n", None),
    "two sizes of one destination": ("{0},a,1\n{0},a,2\n", None),
}


@pytest.mark.parametrize("text", LISTS)
def test_a_destination_is_named_once_or_the_list_is_refused(text: str, make_env: MakeEnv) -> None:
    env = make_env(2)
    env.serve()
    lines, names = LISTS[text]
    head = "url,name,size\n" if ",1\n" in lines else "url,name\n"
    (env.folder / "list.csv").write_text(head + lines.format(*env.sources.values()))
    if names is None:
        with pytest.raises(BadManifest, match=r"list\.csv:2 and at .*list\.csv:3"):
            env.upload(manifest=str(env.folder / "list.csv"))
        assert env.objects() == {}
    else:
        assert env.upload(manifest=str(env.folder / "list.csv")).outcomes.keys() == names
        assert env.objects().keys() == names


def test_names_that_a_template_makes_equal_are_refused(make_env: MakeEnv) -> None:
    env = make_env(2)
    env.serve()
    with pytest.raises(BadManifest, match="two different items"):
        env.upload(*env.sources.values(), name="{host}")
    assert env.objects() == {}
