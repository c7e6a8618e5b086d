"""obstore, by the calls its manual gives for large objects: download | upload FROM TO."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import S3Store

job, source, target = sys.argv[1:]
PART = 16 << 20


def store(bucket: str) -> S3Store:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    return S3Store(
        bucket,
        endpoint=endpoint,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def download(url: str, path: str) -> None:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    where = store(bucket)
    size = obstore.head(where, key)["size"]
    with Path(path).open("wb") as file:
        os.truncate(path, size)

        def fetch(first: int) -> None:
            data = obstore.get_range(where, key, start=first, end=min(first + PART, size))
            os.pwrite(file.fileno(), data, first)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(fetch, range(0, size, PART)))


if job == "download":
    download(source, target)
else:
    bucket, _, key = target.removeprefix("s3://").partition("/")
    obstore.put(store(bucket), key, Path(source), chunk_size=PART, max_concurrency=8)
