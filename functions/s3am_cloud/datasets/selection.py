"""From what a user has (arguments, folders, prefixes, lists) to items, each with its whole source and destination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

import msgspec
from msgspec.structs import replace

from s3am_cloud.datasets.filters import Filters
from s3am_cloud.datasets.globs import glob_of, has_magic
from s3am_cloud.datasets.manifests.lines import ManifestLine
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.datasets.names import (
    Place,
    Template,
    folder_of,
    is_relative,
    local_text,
    path_of,
    path_of_url,
    whole_source,
)
from s3am_cloud.errors import AccessDenied, BadDestination, BadManifest, BadSource, SourceNotFound, TransferError
from s3am_cloud.items import Item, LeftOut, Placed, Rejected
from s3am_cloud.ports.trees import Entry, FileTree, Found, NoEntry, Tree, Unreadable
from s3am_cloud.urls import STDIN, SourceUrl, local_error, parse_s3, parse_source, shown_path

Selected = Placed | Rejected | LeftOut

_NEW = "modified too lately (--min-age)"


class Manifest(msgspec.Struct, frozen=True):
    """A list of items: its bytes, what messages call it, its format (one of `reading.FORMATS`).

    `url` is where it was fetched from, None for a local file: relative names in it are below its folder there, and it
    can name no local files, as who writes such a list has no business with them.
    """

    stream: IO[bytes]
    name: str
    form: str = "auto"
    url: str | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which items are wanted, where they go, and how they are called there.

    `base` is what relative names in a manifest are below, None for the folder that the command runs in, or that a
    manifest was fetched from.
    """

    place: Place
    base: str | None = None
    template: Template | None = None
    filters: Filters = Filters()


class Trees(msgspec.Struct, frozen=True):
    """What folders and prefixes are listed with; where there are no local `files`, none can be named."""

    files: FileTree | None
    s3: Tree


def items_of(
    sources: Sequence[str], manifest: Manifest | None, selection: Selection, trees: Trees
) -> Iterator[Selected]:
    """The items of all sources and of the manifest, as they are found: nothing is kept of them.

    A source is a file, a URL, an object in S3, a glob that matches files; or a tree, which ends in `/`: a local folder
    or a prefix in S3, whose items keep their names below it. What is wrong with one item alone makes a Rejected of it:
    a name that no destination can have, a file that can't be read. What filters leave out makes nothing.

    Raises BadManifest with the line and column of whatever can't be an item; BadSource for an argument that can't be
    read as a source; AccessDenied, StoreUnavailable and their like where a prefix can't be listed.
    """
    chosen = Chooser(selection, trees)
    for text in sources:
        yield from chosen.of_argument(text)
    if manifest is not None:
        for line in read_manifest(manifest.stream, manifest.name, manifest.form):
            yield from chosen.of_line(line, manifest.url)


class Chooser:
    """Makes items, and counts them: `given` have been made before."""

    def __init__(self, selection: Selection, trees: Trees, given: int = 0) -> None:
        self._selection, self._trees = selection, trees
        self._place, self._filters, self._template = selection.place, selection.filters, selection.template
        self.given = given

    def of_argument(self, text: str, objects: int = 0) -> Iterator[Selected]:
        """`objects` is the number of those found below a prefix in earlier turns. Raises what `items_of` does."""
        if text.startswith("s3://") and text.endswith("/"):
            yield from self._of_prefix(text, objects)
            return
        url = parse_source(text)
        self._check_source(url)
        if url.scheme != "file":
            yield from self._of_url(url)
        elif url.url.endswith("/"):
            yield from self._of_folder(url)
        else:
            yield from self._of_path(url)

    def of_line(self, line: ManifestLine, fetched_from: str | None) -> Iterator[Selected]:
        """Raises BadManifest."""
        value = line.source
        try:
            url = whole_source(line.source, self._selection.base or (fetched_from and folder_of(fetched_from)))
            self._check_source(url)
            if fetched_from is not None and url.scheme == "file":
                raise BadSource("a list from elsewhere names a local file", "save the list to a file first")
            if url.url.endswith("/"):
                yield from self._of_left_folder(line, url)
                return
            value = line.destination or line.source
            yield from self._of_line(line, url)
        except TransferError as error:
            if not line.is_outcome:
                raise BadManifest(f"{line.place_of(value)}: {error.message}", error.hint) from error
            # What a run has left was no error of the whole there, either.
            yield self._rejected(line.source, line.place, error)

    def _of_left_folder(self, line: ManifestLine, url: SourceUrl) -> Iterator[Selected]:
        """What is in a folder that a run could not read. Other lists name no folders."""
        if not line.is_outcome:
            raise BadSource("a folder in a list", "give the URLs or paths of files")
        if url.scheme == "s3":
            yield from self._of_prefix(url.url, 0)
        elif self._trees.files is not None:
            below = self._place.relative(line.destination or "")
            every = self._trees.files.entries(url)
            yield from self._of_tree((replace(found, name=below + found.name) for found in every), line.place)

    def _check_source(self, url: SourceUrl) -> None:
        if url.scheme == "file" and self._trees.files is None:
            raise local_error(url)
        if url.url == STDIN and not self._place.is_local:
            raise BadSource(
                "standard input is one object, and these may be several items",
                "upload it by itself, to s3://BUCKET/KEY, without options for several items; a file called - is ./-",
            )
        if self._place.is_local and url.scheme != "s3":
            raise BadSource(f"{url.display} is not in S3, which download reads from", "use s3am-cloud upload")

    @property
    def _files(self) -> FileTree:
        assert self._trees.files is not None, "_check_source refuses local files then"
        return self._trees.files

    def _of_line(self, line: ManifestLine, url: SourceUrl) -> Iterator[Selected]:
        name = self._place.relative(line.destination) if line.destination is not None else ""
        if not name or name.endswith("/"):
            own = path_of(line.source, url)
            name += own if line.destination is None else own.rpartition("/")[2]
        if not self._filters.takes(name):
            return
        destination = self._place.below(self._filled(name, line.source, url, line.columns))
        item = Item(
            source=_written(url),
            destination=destination,
            size=line.size,
            digest=line.digest,
            mirrors=tuple(map(self._mirror, line.mirrors)),
            labels=line.labels,
        )
        if self._is_new(url):
            yield LeftOut(item=item, place=line.place, reason=_NEW)
        else:
            yield Placed(item=item, place=line.place)

    def _mirror(self, text: str) -> str:
        """Raises BadSource for what no item may be read from."""
        url = parse_source(text)
        self._check_source(url)
        if url.scheme == "file":
            raise BadSource(f"the mirror {url.display} is a local file", "write it as an item of its own")
        return text

    def _is_new(self, url: SourceUrl) -> bool:
        """Whether a file that a list names is too new. Others have no known time."""
        if url.scheme != "file" or not self._filters.has_age:
            return False
        found = self._files.entry(url)
        return isinstance(found, Entry) and self._filters.is_new(found.modified)

    def _of_url(self, url: SourceUrl) -> Iterator[Selected]:
        if url.scheme != "s3" and url.url.partition("?")[0].endswith("/"):
            raise BadSource(
                f"{url.display} is a folder, and those of {url.scheme} servers can't be listed",
                "give the URLs of files, or a list of them with --manifest",
            )
        if not self._filters.takes(url.name):
            return
        try:
            destination = self._place.below(self._filled(url.name, None, url, {}))
        except BadDestination as error:
            yield self._rejected(_written(url), url.display, error)
        else:
            yield Placed(item=Item(source=_written(url), destination=destination), place=url.display)

    def _of_prefix(self, text: str, objects: int) -> Iterator[Selected]:
        """Below a mistyped prefix there is nothing, which would pass for a success."""

        def counted() -> Iterator[Found]:
            nonlocal objects
            for found in self._trees.s3.entries(parse_s3(text, key_needed=False).as_source):
                objects += not isinstance(found, NoEntry)
                yield found

        yield from self._of_tree(counted(), text)
        if not objects:
            yield self._rejected(text, text, SourceNotFound(f"there is no object below {text}", "check the prefix"))

    def _of_folder(self, url: SourceUrl) -> Iterator[Selected]:
        try:
            yield from self._of_tree(self._files.entries(url), url.display)
        except (BadSource, AccessDenied) as error:
            yield self._rejected(_written(url), url.display, error)

    def _of_path(self, url: SourceUrl) -> Iterator[Selected]:
        found = self._files.entry(url)
        is_missing = isinstance(found, Unreadable) and isinstance(found.error, SourceNotFound)
        if is_missing and has_magic(url.url):
            yield from self._of_glob(url)
        else:
            yield from self._of_tree(iter([found]), url.display, path_of_url(url))

    def _of_glob(self, url: SourceUrl) -> Iterator[Selected]:
        glob = glob_of(url.url)
        every = self._files.entries(SourceUrl("file", glob.root), glob.enters)
        try:
            found = (one for one in every if glob.matches(one.name))
            first = next(found, None)
            if first is None:
                raise SourceNotFound(f"no file matches {url.display}", "check the glob")
            yield from self._of_tree(chain([first], found), url.display)
        except (BadSource, AccessDenied) as error:
            yield self._rejected(_written(url), url.display, error)

    def _of_tree(self, entries: Iterator[Found], place: str, path: str | None = None) -> Iterator[Selected]:
        """Their items; `path` is what the template takes a single file's name from."""
        for found in entries:
            if not self._filters.takes(found.name):
                continue
            if isinstance(found, Unreadable):
                yield self._rejected(found.source, place, found.error, self._would_be(found, path or found.name))
            elif isinstance(found, NoEntry):
                item = Item(source=found.source, destination=self._place.text)
                yield LeftOut(item=item, place=place, reason=found.reason)
            else:
                yield self._of_entry(found, place, path or found.name)

    def _of_entry(self, entry: Entry, place: str, path: str) -> Selected:
        url = _url_of(entry)
        try:
            destination = self._place.below(self._filled(entry.name, path, url, {}))
        except BadDestination as error:
            return self._rejected(entry.source, place, error)
        item = Item(source=entry.source, destination=destination, size=entry.size)
        if self._filters.is_new(entry.modified):
            return LeftOut(item=item, place=place, reason=_NEW)
        return Placed(item=item, place=place, modified=entry.modified, etag=entry.etag)

    def _would_be(self, found: Unreadable, path: str) -> str | None:
        """Where it would go, for whoever repeats it once it can be read: a folder of files below a folder."""
        is_folder = found.source.endswith("/")
        try:
            name = found.name.rstrip("/") if is_folder else self._filled(found.name, path, _url_of(found), {})
            return self._place.below(name) + ("/" if is_folder else "")
        except TransferError:
            return None

    def _filled(self, name: str, written: str | None, url: SourceUrl, columns: dict[str, str]) -> str:
        """The name below the destination, by the template where there is one.

        `written` is the source as it is written, where it may be a relative name.
        """
        self.given += 1
        if self._template is None:
            return name
        path = path_of(written, url) if written is not None and is_relative(written) else path_of_url(url)
        return self._template.fill(path, url, self.given, columns)

    def _rejected(self, source: str, place: str, error: TransferError, destination: str | None = None) -> Rejected:
        item = Item(source=source, destination=destination or self._place.text)
        return Rejected(item=item, place=place, error=error.report())


def _url_of(entry: Entry | Unreadable) -> SourceUrl:
    return SourceUrl("s3" if entry.source.startswith("s3://") else "file", entry.source)


def _written(url: SourceUrl) -> str:
    """A source as an item has it: one that can be parsed again, and written in UTF-8."""
    return local_text(shown_path(url.url)) if url.scheme == "file" else url.url
