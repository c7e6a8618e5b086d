"""What a store supports of S3: all of it, until it refuses something, which is then left out for the rest of the run.

At AWS only the ACL and the tags of a copied object are ever left out, as each takes a right of its own that ordinary
uploaders lack (s3:PutObjectAcl, s3:PutObjectTagging).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Feature = Literal["acl", "tags", "checksum", "trailer", "condition", "object-size"]

# What a refusal says when it is about the feature.
_WORDS: dict[Feature, re.Pattern[str]] = {
    "acl": re.compile(r"\bacls?\b|AccessControlList|ObjectAcl|object ownership", re.IGNORECASE),
    "tags": re.compile(r"tagging", re.IGNORECASE),
    "checksum": re.compile(r"checksum|crc64", re.IGNORECASE),
    "trailer": re.compile(
        r"trailer|chunk|streaming|payload|sha-?256|content-?length|content-?encoding|checksum|crc64|IncompleteBody",
        re.IGNORECASE,
    ),
    "condition": re.compile(r"if-none-match|conditional|precondition", re.IGNORECASE),
    "object-size": re.compile(r"mp-object-size|object.?size", re.IGNORECASE),
}
_DENIED = {"AccessDenied", "AllAccessDisabled", "403"}
# The action that S3 names in a denial ("not authorized to perform: s3:PutObjectAcl on resource ...").
_ACTION = re.compile(r"not authorized to perform: (\S+)")
_BY_RIGHT: tuple[Feature, ...] = ("acl", "tags")
_UNSIGNED = "SignatureDoesNotMatch"
# Codes by which stores refuse a header, a value or a kind of body that they do not know.
_REFUSALS = {
    "",
    "400",
    "405",
    "411",
    "501",
    "AccessControlListNotSupported",
    "BadRequest",
    "IncompleteBody",
    "InvalidArgument",
    "InvalidHeader",
    "InvalidRequest",
    "MalformedXML",
    "MethodNotAllowed",
    "MissingContentLength",
    "NotImplemented",
    "UnsupportedOperation",
    "XAmzContentSHA256Mismatch",
}


class Features:
    """What one bucket's store supports, as far as this run has seen."""

    def __init__(self, aws: bool) -> None:
        self.aws = aws
        # Whether answers to bodies repeat the CRC64NVME that the store has computed; None before the first answer.
        self.answers_crc: bool | None = True if aws else None
        self._lacking: set[Feature] = set()
        self._sure: set[Feature] = set()
        # What the store has accepted once is not what it refuses later.
        self._taken: set[Feature] = set()

    def has(self, feature: Feature) -> bool:
        return feature not in self._lacking

    def learn(self, sent: Sequence[Feature], status: int, code: str, message: str) -> bool:
        """Whether to repeat a refused request, which used the features `sent`, without one of them."""
        if any(not self.has(feature) for feature in sent):
            return True  # another request has learned it meanwhile
        unproven = [feature for feature in sent if feature not in self._taken]
        suspects = self._suspects(unproven, status, code, message)
        self._lacking.update(suspects[:1])
        return bool(suspects)

    def succeeded(self, sent: Sequence[Feature]) -> None:
        """A request with these features, and without those that were left out, has succeeded."""
        self._sure |= self._lacking
        self._taken.update(sent)

    def unlearn(self) -> None:
        """A request has failed all the same: what was left out for it was not the reason."""
        self._lacking = set(self._sure)

    def _suspects(self, sent: Sequence[Feature], status: int, code: str, message: str) -> list[Feature]:
        if status // 100 != 4 and status != 501:
            return []
        if code in _DENIED:
            return _without_right(sent, message)
        if self.aws:
            return [feature for feature in sent if feature in _BY_RIGHT and _WORDS[feature].search(f"{code} {message}")]
        if code == _UNSIGNED:
            # Earlier requests were signed well: some stores compute the signature over another kind of body.
            return [feature for feature in sent if feature == "trailer"]
        if code not in _REFUSALS:
            return []
        return [feature for feature in sent if _WORDS[feature].search(f"{code} {message}")] or list(sent)


def _without_right(sent: Sequence[Feature], message: str) -> list[Feature]:
    """The features that may be why a request was denied: all that take a right of their own, unless S3 names the one
    that is missing. A policy's explicit deny may be about a feature without naming its right."""
    asked = [feature for feature in sent if feature in _BY_RIGHT]
    named = [feature for feature in asked if _WORDS[feature].search(message)]
    return named if named or (_ACTION.search(message) and "explicit deny" not in message) else asked


class Attempt:
    """The features of one request, which may be sent again with fewer."""

    def __init__(self, features: Features, wanted: tuple[Feature, ...]) -> None:
        self.features, self._wanted = features, wanted
        self._sent: list[Feature] = []

    def begin(self) -> None:
        self._sent = [feature for feature in self._wanted if self.features.has(feature)]

    def uses(self, feature: Feature) -> bool:
        return feature in self._sent

    def lacks(self, feature: Feature) -> bool:
        """Whether it was wanted, and left out."""
        return feature in self._wanted and not self.uses(feature)

    def is_refused(self, status: int, code: str, message: str) -> bool:
        """Whether to send it again, with fewer features."""
        return self.features.learn(self._sent, status, code, message)

    def succeeded(self) -> None:
        self.features.succeeded(self._sent)

    def failed(self) -> None:
        self.features.unlearn()
