"""A built wheel, and distributions as importlib sees them."""

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Wheel:
    """A wheel that was built from the checkout."""

    path: Path

    @property
    def names(self) -> list[str]:
        """Every file in it."""
        with ZipFile(self.path) as archive:
            return archive.namelist()

    @property
    def metadata(self) -> Distribution:
        """What it says of itself."""
        (name,) = (name for name in self.names if name.endswith(".dist-info/METADATA"))
        with ZipFile(self.path) as archive:
            text = archive.read(name).decode()
        folder = self.path.parent / Path(name).parent
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text(text)
        return Distribution.at(folder)

    @property
    def base_requirements(self) -> list[Requirement]:
        """What it needs without any extra."""
        return _needed(self.metadata)

    def requirements_with(self, extra: str) -> list[Requirement]:
        """What it needs with an extra."""
        return _needed(self.metadata, extra)


def with_dependencies(wanted: list[Requirement]) -> list[Distribution]:
    """The distributions that these requirements lead to, taken from the tests' own environment with its versions."""
    found: dict[str, Distribution] = {}
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop().name).lower()
        if name not in found:
            found[name] = distribution(name)
            wanted += _needed(found[name])
    return list(found.values())


def _needed(one: Distribution, extra: str = "") -> list[Requirement]:
    parsed = [Requirement(text) for text in one.requires or []]
    return [each for each in parsed if each.marker is None or each.marker.evaluate({"extra": extra})]


def link(one: Distribution, packages: Path) -> None:
    """Put a distribution into another environment without a copy of its files."""
    for name in {path.parts[0] for path in one.files or [] if path.parts[0] not in ("..", "__pycache__")}:
        if not (packages / name).is_symlink():  # distributions may share a folder, as those of the CDK do
            (packages / name).symlink_to(Path(str(one.locate_file(name))))
