"""Which names a file system takes for one: on many, capitals and composed letters make no difference."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from s3am_cloud.adapters.files.file_errors import naming_writes

# In capitals, with a letter that is one character in NFC and two in NFD.
_PROBE = "S3AM-\N{LATIN CAPITAL LETTER E WITH ACUTE}"


def same_name(folder: Path) -> Callable[[str], str] | None:
    """What gives all names that are one file in `folder` the same text; None where each name is a file of its own.

    It makes an empty folder there for a moment. Raises what `file_errors.write_error` gives.
    """
    with naming_writes(folder):
        probe = Path(mkdtemp(prefix=".s3am-cloud-", dir=folder))
        try:
            (probe / _PROBE).touch()
            by_case = (probe / _PROBE.lower()).exists()
            by_form = (probe / unicodedata.normalize("NFD", _PROBE)).exists()
        finally:
            (probe / _PROBE).unlink(missing_ok=True)
            os.rmdir(probe)
    return folding(by_case, by_form)


def folding(by_case: bool, by_form: bool) -> Callable[[str], str] | None:
    """For file systems that ignore capitals, or the form of composed letters."""
    if by_case:  # those that do ignore the form as well, or keep one of two forms of it
        return lambda name: unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    if by_form:
        return lambda name: unicodedata.normalize("NFC", name)
    return None
