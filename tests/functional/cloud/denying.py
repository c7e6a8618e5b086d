"""An AWS that denies what somebody's rights don't cover, in front of the embedded cloud, which denies nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from functional.cloud.permissions import Grant, Need, Stack, needs
from servers.proxy_rules import ProxiedRequest, Respond
from servers.rights import USER

# The services by the first word of x-amz-target, in which IAM's actions have the operations' names.
_SERVICES = {
    "AWSEvents": "events",
    "AWSStepFunctions": "states",
    "Logs_20140328": "logs",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}


@dataclass
class GrantedOnly:
    """A `Gate` for who has these grants and no others. `used` are those that a request has needed.

    For S3, and the KMS key behind the work bucket, resources and conditions count. Other services have their resources
    in bodies, which a gate does not see: there the action counts.
    """

    granted: Sequence[Grant]
    stack: Stack
    used: set[Grant] = field(default_factory=set)

    def before(self, request: ProxiedRequest) -> Respond | None:
        return self._denial(request, self._needs(request, 200))

    def after(self, request: ProxiedRequest, status: int) -> Respond | None:
        """Who may not list a bucket hears of nothing that it is not there."""
        if status != 404 or "x-amz-target" in request.headers:
            return None
        return self._denial(request, (need for need in self._needs(request, 404) if need.action == "s3:ListBucket"))

    def _needs(self, request: ProxiedRequest, status: int) -> Iterator[Need]:
        target = request.headers.get("x-amz-target")
        if target is not None:
            service, _, operation = target.rpartition(".")
            yield Need(f"{_SERVICES[service.partition('.')[0]]}:{operation}", "")
            return
        call = {"method": request.method, "path": unquote(request.path), "query": request.query}
        yield from needs({**call, "headers": request.headers, "status": status}, self.stack)

    def _denial(self, request: ProxiedRequest, found: Iterator[Need]) -> Respond | None:
        for need in found:
            covering = [grant for grant in self.granted if _covers(grant, need)]
            if not covering:
                return _refusal(request, need)
            self.used.update(covering)
        return None


def _covers(grant: Grant, need: Need) -> bool:
    return grant.covers(need) if need.resource else grant.action == need.action


def _refusal(request: ProxiedRequest, need: Need) -> Respond:
    """As the service says it."""
    where = f" on resource: {need.resource}" if need.resource else ""
    said = f"User: {USER} is not authorized to perform: {need.action}{where}"
    if "x-amz-target" in request.headers:
        body = json.dumps({"__type": "AccessDeniedException", "message": said}).encode()
        return Respond(400, "AccessDeniedException", body=body)
    if need.action.startswith("cloudformation:"):
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{said}</Message></Error>"
        return Respond(403, "AccessDenied", body=f"<ErrorResponse>{error}</ErrorResponse>".encode())
    return Respond(403, "AccessDenied", message=said)
