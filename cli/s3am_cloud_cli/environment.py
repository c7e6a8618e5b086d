"""The environment of the command, before anything else looks at it."""

from __future__ import annotations

import os
import re
import sys

# Read by us, by botocore, by libcurl and by Python. Some take an empty value for a name or a path.
_OURS = re.compile(
    r"(AWS|S3AM_CLOUD|XDG|SSL_CERT)_\w+|\w+_CA_BUNDLE|(HTTP|HTTPS|FTP|ALL|NO)_PROXY|HOME|TMPDIR", re.IGNORECASE
)


def drop_empty_variables() -> None:
    """A variable that is set and empty says nothing: CI systems set those that have no value."""
    for name in [name for name, value in os.environ.items() if not value and _OURS.fullmatch(name)]:
        del os.environ[name]


def spell_http_proxy() -> None:
    """libcurl reads http_proxy in small letters only, since web servers give a header of the request by the other name
    to their programs. This is none of those, and everything else here reads both."""
    proxy = os.environ.get("HTTP_PROXY")
    if proxy:
        os.environ.setdefault("http_proxy", proxy)


def ensure_utf8_names() -> None:
    """Starts Python again in its UTF-8 mode where the locale knows ASCII only, as file names are UTF-8 all the same."""
    if sys.getfilesystemencoding().lower() == "ascii" and not sys.flags.utf8_mode:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - the same program
