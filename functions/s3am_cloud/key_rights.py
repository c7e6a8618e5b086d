"""The right on a KMS key that S3 says is missing: found in its words, and how to get it."""

from __future__ import annotations

import re
from typing import NamedTuple

# AWS's words in AccessDenied: "User: ... is not authorized to perform: kms:GenerateDataKey on resource: ARN because no
# identity-based policy allows ..."; for kms:Decrypt "on the resource associated with this ciphertext".
_MISSING = re.compile(r"not authorized to perform: (kms:[A-Za-z]+)(?: on (?:the )?resource: (arn:[^\s)]+))?")
_OUR_ROLE = re.compile(r"assumed-role/[^/\s]*(?:Control|Worker|Janitor)")
_NEEDED = "kms:GenerateDataKey and kms:Decrypt"


class MissingRight(NamedTuple):
    """The action, and the ARN of the key where it is known. `of_stack` says whether a function of a stack lacks it."""

    action: str
    key: str | None
    of_stack: bool

    @property
    def hint(self) -> str:
        """How to get it."""
        if self.of_stack:
            return f"s3am-cloud deploy --bucket-key {self.key or 'KEY_ARN'} gives the stack {_NEEDED} on the key"
        return f"ask for {_NEEDED} on {self.key or 'the KMS key'}: uploads need both"


def missing_right(message: str) -> MissingRight | None:
    """None where the message is about something else."""
    found = _MISSING.search(message)
    return found and MissingRight(found[1], found[2], _OUR_ROLE.search(message) is not None)


def key_hint(message: str) -> str | None:
    """How to get the right on a KMS key that `message` says is missing; None where it says nothing of one."""
    missing = missing_right(message)
    return missing and missing.hint
