"""A control call that is repeated with fewer features where the store refuses some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, message_of, status_of
from s3am_cloud.adapters.s3.features import Attempt, Feature, Features

Answer = TypeVar("Answer")


def repeated(
    features: Features,
    optional: Mapping[Feature, Mapping[str, Any]],
    send: Callable[[Mapping[str, Any]], Answer],
) -> Answer:
    """Sends the parameters of all features that the store is not known to lack, then fewer. Raises ClientError."""
    attempt = Attempt(features, tuple(optional))
    while True:
        attempt.begin()
        sent = [parameters for feature, parameters in optional.items() if attempt.uses(feature)]
        try:
            answer = send({name: value for parameters in sent for name, value in parameters.items()})
        except ClientError as error:
            if attempt.is_refused(status_of(error), code_of(error), message_of(error)):
                continue
            attempt.failed()
            raise
        attempt.succeeded()
        return answer
