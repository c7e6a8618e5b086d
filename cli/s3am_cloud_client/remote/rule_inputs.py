"""What EventBridge's rules make of events: the input transformers of the stack's routes, applied here.

Of an event that it could not deliver EventBridge keeps the original. What the route would have started from it is what
its rule says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.errors import NoSuchEvent, TransferError

_PLACE = re.compile(r"<([^<>]+)>")
# arn:PARTITION:events:REGION:ACCOUNT:rule/NAME, or rule/BUS/NAME on another bus than the default one.
_RULE = re.compile(r"arn:[a-z-]+:events:[a-z0-9-]+:\d{12}:rule/(?:(?P<bus>[^/]+)/)?(?P<name>[^/]+)")


class Transformer(msgspec.Struct, frozen=True):
    """An input transformer: JSON with names in angle brackets, and where their values are in an event."""

    paths: dict[str, str]
    template: str

    def applied(self, event: Mapping[str, Any]) -> Any:
        """The input, as EventBridge makes it: values take the places of names that stand for them, as JSON."""

        def value(found: re.Match[str]) -> str:
            if found[1] not in self.paths:
                return found[0]
            return msgspec.json.encode(_at(self.paths[found[1]], event)).decode()

        return msgspec.json.decode(_PLACE.sub(value, self.template))


class RuleInputs:
    """Finds the rules' transformers, each once. `problems` are the errors of those that could not be found."""

    def __init__(self, access: S3Access, machine_arn: str) -> None:
        self._access, self._machine = access, machine_arn
        self._found: dict[str, Transformer] = {}
        self.problems: dict[str, TransferError] = {}

    def input_of(self, rule: str, event: Mapping[str, Any]) -> Any:
        """What the rule, by its ARN, starts the state machine with for an event; None where that is not known."""
        if rule not in self._found and rule not in self.problems:
            try:
                self._found[rule] = self._transformer(rule)
            except TransferError as error:
                self.problems[rule] = error
        return None if rule in self.problems else self._found[rule].applied(event)

    def _transformer(self, rule: str) -> Transformer:
        parsed = _RULE.fullmatch(rule)
        if parsed is None:
            raise NoSuchEvent(f"{rule!r} is not the ARN of a rule")
        gone = NoSuchEvent(f"the rule {parsed['name']} starts no jobs of this stack any more", "copy the object itself")
        bus = {"EventBusName": parsed["bus"]} if parsed["bus"] else {}
        with naming(f"the rule {parsed['name']}"):
            try:
                targets = self._client().list_targets_by_rule(Rule=parsed["name"], **bus)["Targets"]
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise gone from error
                raise
        for target in targets:
            if target["Arn"] == self._machine and "InputTransformer" in target:
                found = target["InputTransformer"]
                return Transformer(found.get("InputPathsMap", {}), found["InputTemplate"])
        raise gone

    def _client(self) -> Any:
        make: Any = self._access.boto.client
        return make("events", region_name=self._access.region, endpoint_url=self._access.settings.endpoint_url)


def _at(path: str, event: Any) -> Any:
    """What is at a path like `$.detail.object`; None where nothing is."""
    for name in path.removeprefix("$").split(".")[1:]:
        event = event.get(name) if isinstance(event, Mapping) else None
    return event
