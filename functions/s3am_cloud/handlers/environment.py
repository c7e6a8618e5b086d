"""What the stack says to its functions, in their environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from s3am_cloud import names
from s3am_cloud.errors import SettingMissing


class Environment:
    """The variables of a function by their meaning. What every function needs raises SettingMissing where it is not
    set; all else has a default."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    @property
    def work_bucket(self) -> str:
        return self._needed(names.WORK_BUCKET_VARIABLE)

    @property
    def key_arn(self) -> str:
        return self._needed(names.KEY_ARN_VARIABLE)

    @property
    def event_bus(self) -> str:
        """Of the functions that announce outcomes."""
        return self._needed(names.EVENT_BUS_VARIABLE)

    @property
    def service(self) -> str:
        """Whose metrics they are: the stack's name."""
        return self._variables.get(names.SERVICE_VARIABLE, names.METRICS_NAMESPACE)

    @property
    def allowed_hosts(self) -> str:
        """The only hosts where sources may be; empty where every public host is one."""
        return self._variables.get(names.ALLOWED_HOSTS_VARIABLE, "")

    @property
    def accounts(self) -> tuple[str, ...]:
        """Whose buckets jobs may use; empty where nobody says so."""
        return tuple(filter(None, self._variables.get(names.ACCOUNTS_VARIABLE, "").split(",")))

    @property
    def grants(self) -> str:
        """The secrets that events may name."""
        return self._variables.get(names.GRANTS_VARIABLE, "")

    @property
    def most_workers(self) -> int | None:
        """How many workers a job may have at once; None for any number."""
        return int(self._variables.get(names.MAX_WORKERS_VARIABLE) or 0) or None

    @property
    def allow_private_sources(self) -> bool:
        return self._variables.get(names.PRIVATE_SOURCES_VARIABLE) == "1"

    def _needed(self, name: str) -> str:
        value = self._variables.get(name)
        if not value:
            raise SettingMissing(f"the environment variable {name} of the function is not set")
        return value
