"""Commands that hints name, written so that a shell reads every name as the one word that it is.

Names come from outside: a key may hold spaces, quotes, `$(...)` or a newline, and people paste hints into a terminal.
"""

from __future__ import annotations

import os
import shlex


def command_line(*words: str) -> str:
    """`s3am-cloud` with these words."""
    return " ".join(["s3am-cloud", *map(shell_word, words)])


def follow_or_stop(job_id: str) -> str:
    """The hint about a job that is at work."""
    return f"follow it with {command_line('watch', job_id)}, or stop it with {command_line('cancel', job_id)}"


def shell_word(text: str) -> str:
    """The text as one word of a shell. What can't be printed stands as an escape, in quotes that bash and zsh read."""
    if text.isprintable():
        return shlex.quote(text)
    plain = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in _bytes(text))
    return f"$'{plain}'"


def _bytes(text: str) -> bytes:
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:  # half of a character, which is no byte of a file's name either
        return text.encode(errors="backslashreplace")
