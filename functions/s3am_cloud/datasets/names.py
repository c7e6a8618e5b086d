"""Where an item goes: its name below the destination, and whether that is a name that nothing can be made of.

Names come from servers, from lists and from folders of other people, so they are hostile input: none of them leads out
of the destination, and none has a character that ends a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from string import Formatter
from urllib.parse import quote, unquote, urlsplit

import msgspec

from s3am_cloud.errors import BadDestination, BadSource, TransferError, Usage
from s3am_cloud.limits import MAX_FILE_NAME, MAX_KEY
from s3am_cloud.urls import LINE_CONTROLS, SourceUrl, parse_prefix, parse_s3, parse_source

# What is compressed has two endings: x.fastq.gz.
_EXTENSION = re.compile(r"(?<=.)(?:\.[A-Za-z0-9]{1,8})?\.(?:gz|bz2|xz|zst|lz4|Z)$|(?<=.)\.[^./]+$")
_CONTROL, _BYTES, _VERSION = "a control character", "bytes that are not UTF-8", "the id of a version"
_S3 = "s3://"
_WAY = re.compile(r"(?:^|/)(\.{1,2})(?:/|$)")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_RELATIVE = "names are relative to the destination, without .. and without a / at the beginning"
_RENAMED = "rename it, or leave it out with --exclude"
FIELDS = ("name", "stem", "ext", "dir", "path", "host", "date", "n")


class Template:
    """`--name`: a name with fields in braces. `{{` and `}}` are braces, `{n:06}` is a number with zeros before it."""

    def __init__(self, text: str, date: str) -> None:
        """`date` is what {date} stands for. Raises Usage for a template that can't be read."""
        self._date = date
        try:
            self._pieces = list(Formatter().parse(text))
        except ValueError as error:
            raise Usage(
                f"--name {text!r} can't be read: {error}", "write a brace that is meant as such twice"
            ) from error
        for _, field, spec, conversion in self._pieces:
            if conversion or (spec and not (field == "n" and spec.isdecimal())) or field == "":
                raise Usage(f"--name {text!r}: a field is only a name in braces", f"one of {_listed(FIELDS)}")

    def fill(self, path: str, source: SourceUrl, number: int, columns: Mapping[str, str]) -> str:
        """The name of an item with this relative path, from this source, the `number`th of its list.

        A column that is called like a field goes before it. Raises Usage for an unknown field.
        """
        return "".join(
            text + (self._value(field, spec or "", (path, source, number), columns) if field is not None else "")
            for text, field, spec, _ in self._pieces
        )

    def _value(self, field: str, spec: str, item: tuple[str, SourceUrl, int], columns: Mapping[str, str]) -> str:
        path, source, number = item
        if field in columns:
            return columns[field]
        name = path.rpartition("/")[2]
        extension = extension_of(name)
        match field:
            case "name":
                return name
            case "stem":
                return name.removesuffix(extension)
            case "ext":
                return extension
            case "dir":
                return path.rpartition("/")[0]
            case "path":
                return path
            case "host":
                return host_of(source)
            case "date":
                return self._date
            case "n":
                return format(number, spec)
        raise Usage(f"--name: unknown field {field!r}", f"use one of {_listed((*FIELDS, *columns))}")


class Place(msgspec.Struct, frozen=True):
    """What names are below: `s3://bucket/prefix/`, or a local folder by its absolute path, which ends in a slash."""

    text: str
    is_local: bool

    def below(self, name: str) -> str:
        """The whole destination of an item with this relative name. Raises BadDestination."""
        error = local_name_error(name) if self.is_local else key_error(self._prefix + name, name)
        if error is not None:
            raise error
        return self.text + name

    def relative(self, destination: str) -> str:
        """The relative name in what a manifest says, which may be a whole destination below this one, as in the lists
        that a run leaves. Raises BadDestination for one elsewhere."""
        is_whole = destination.startswith("/") if self.is_local else destination.startswith(_S3)
        if not is_whole:
            return destination
        if not destination.startswith(self.text):
            raise BadDestination(
                f"the destination {shown_name(destination)} is not below {self.text}", "give a destination above it"
            )
        return destination[len(self.text) :]

    @property
    def _prefix(self) -> str:
        """What all keys begin with."""
        return self.text.removeprefix(_S3).partition("/")[2]


def place_of_items(destination: str, folder: str | None = None) -> Place:
    """The destination of several items: an S3 URL that ends in a slash, or the local `folder` (its absolute path).

    Raises BadDestination.
    """
    if folder is not None:
        return Place(folder.rstrip("/") + "/", is_local=True)
    return Place(parse_s3_prefix(destination), is_local=False)


def parse_s3_prefix(text: str) -> str:
    """Raises BadDestination for what does not end in a slash."""
    return str(parse_prefix(text))


def whole_source(name: str, base: str | None) -> SourceUrl:
    """The source of that name: a URL or a path as it is, a relative name below `base`. Raises BadSource."""
    if base is None or "://" in name or name.startswith("file:"):
        return parse_source(local_text(name) if is_relative(name) else name)
    name = name.removeprefix("./")
    error = path_error(name)
    if error is not None:
        raise BadSource(f"{error} in the source {shown_name(name)}", "names are relative to --base")
    folder = base if base.endswith("/") else f"{base}/"
    if "://" not in folder:
        return parse_source(local_text(folder) + name)
    if folder.startswith(_S3):
        return parse_source(folder + name)
    if "?" in folder or "#" in folder:
        raise BadSource("--base has a query or a fragment", "give the URL of a folder")
    return parse_source(folder + quote(name, safe="/~!$&'()*+,;=:@"))


def folder_of(url: str) -> str:
    """The URL of the folder that a file is in."""
    plain = url if url.startswith(_S3) else url.partition("?")[0].partition("#")[0]
    return plain[: plain.rindex("/") + 1]


def path_of(name: str, source: SourceUrl) -> str:
    """What an item is called where nothing else says so: a relative name keeps its folders, others their last name."""
    if is_relative(name):
        return name.removeprefix("./")
    return source.name


def is_relative(name: str) -> bool:
    """Whether it is neither a URL nor an absolute path."""
    return not name.startswith("/") and not name.startswith("file:") and "://" not in name


def local_text(path: str) -> str:
    """A path as sources are written: one with a colon in its first name would be a URL."""
    is_plain = path.startswith(("/", "./", "../", "file:")) or (":" not in path and path != "-")
    return path if is_plain else f"./{path}"


def path_of_url(source: SourceUrl) -> str:
    """{path} of a source that is no relative name: all names of its URL."""
    if source.scheme == "file":
        return source.url.lstrip("/")
    if source.scheme == "s3":
        return parse_s3(source.url).key
    return unquote(urlsplit(source.url).path).lstrip("/")


def host_of(source: SourceUrl) -> str:
    """The host's name, or the bucket's; nothing for files."""
    stored = source.stored
    if stored is not None:
        return stored.bucket
    return "" if source.scheme == "file" else urlsplit(source.url).hostname or ""


def extension_of(name: str) -> str:
    """With its dot, and with both of two endings where the second is a compression's."""
    found = _EXTENSION.search(name)
    return found[0] if found else ""


def key_error(key: str, name: str) -> TransferError | None:
    """Why no object can have this key, whose relative name is `name`; None where one can."""
    reason = path_error(name)
    if reason is None and "?versionId=" in name and parse_s3(f"s3://b/{name}").version is not None:
        reason = _VERSION
    if reason is None and len(key.encode()) > MAX_KEY:
        return BadDestination(f"the key of {shown_name(name)} has more than {MAX_KEY} bytes", "use --name")
    return _name_error(reason, name)


def local_name_error(name: str) -> TransferError | None:
    """Why no file can have this relative name; None where one can, if the file system has no rules of its own."""
    reason = path_error(name)
    if reason is None:
        names = name.split("/")
        if "" in names:
            reason = "an empty name between slashes"
        elif any(len(each.encode()) > MAX_FILE_NAME for each in names):
            return BadDestination(
                f"{shown_name(name)}: no file's name has more than {MAX_FILE_NAME} bytes", "use --name, or --exclude it"
            )
    return _name_error(reason, name)


def path_error(name: str) -> str | None:
    """What is wrong with a relative name, wherever it leads: None where nothing is."""
    if not name or name.endswith("/"):
        return "no name"
    if LINE_CONTROLS.search(name):
        return _CONTROL
    if _SURROGATES.search(name):
        return _BYTES
    if name.startswith("/"):
        return "an absolute path"
    way = _WAY.search(name)
    return f"{way[1]!r} as a name" if way else None


def shown_name(name: str) -> str:
    """A name for messages: on one line, and not longer than one."""
    text = repr(name) if not name.isprintable() else name
    return text if len(text) <= 100 else f"{PurePosixPath(text).name[:60]}... ({len(name)} characters)"


def _name_error(reason: str | None, name: str) -> BadDestination | None:
    if reason is None:
        return None
    hint = _RENAMED if reason in {_CONTROL, _BYTES, _VERSION} else _RELATIVE
    return BadDestination(f"{reason} in the destination {shown_name(name)}", hint)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
