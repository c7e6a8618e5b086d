"""boto3's transfer manager, at its defaults: download | upload | stream FROM TO."""

import sys
import urllib.request

import boto3

job, source, target = sys.argv[1:]
s3 = boto3.client("s3")


def parts(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


if job == "download":
    s3.download_file(*parts(source), target)
elif job == "upload":
    s3.upload_file(source, *parts(target))
else:
    with urllib.request.urlopen(source) as body:
        s3.upload_fileobj(body, *parts(target))
