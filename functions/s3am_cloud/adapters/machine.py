"""Whether this machine is in AWS, as far as it says so without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

# What the firmware of EC2's machines says: Nitro's by name, Xen's by the beginning of its id.
_VENDOR: Final = Path("/sys/devices/virtual/dmi/id/sys_vendor")
_XEN: Final = Path("/sys/hypervisor/uuid")
# Set in Lambda, and in containers of ECS and Fargate. Those of EKS see their machine's firmware.
_VARIABLES: Final = (
    "AWS_LAMBDA_FUNCTION_NAME",
    "ECS_CONTAINER_METADATA_URI_V4",
    "ECS_CONTAINER_METADATA_URI",
)


def is_in_aws(environment: Mapping[str, str], vendor: Path = _VENDOR, xen: Path = _XEN) -> bool:
    if any(environment.get(name) for name in _VARIABLES):
        return True
    return _text(vendor).startswith("Amazon EC2") or _text(xen).lower().startswith("ec2")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""  # there is no such file on other machines
