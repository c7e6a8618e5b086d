"""Arguments the wrong way round are refused at once, and the hint names the right command or form."""

from __future__ import annotations

import pytest

from s3am_cloud_cli.main import run


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ("upload s3://b/x /tmp/out", 6, "s3am-cloud download"),
        ("submit s3://b/x ./out", 6, "s3am-cloud download"),
        ("plan S3://b/x out", 7, "small letters"),
        ("download https://user:hidden@host/x?sig=hidden out", 7, "s3am-cloud upload"),
        ("download ./file s3://b/y", 7, "s3am-cloud upload"),
        ("download S3://b/x out", 7, "small letters"),
        ("download https://b.s3.amazonaws.com/x out", 7, "write it as s3://b/x."),
        ("upload /etc/hosts b/x", 6, "s3://BUCKET/KEY"),
        ("upload /etc/hosts s3:/b/x", 6, "s3://BUCKET/KEY"),
        ("upload /etc/hosts S3://b/x", 6, "small letters"),
        ("upload /etc/hosts https://b.s3.amazonaws.com/x/y?sig=hidden", 6, "write it as s3://b/x/y."),
        ("upload /etc/hosts https://b.c.s3.eu-west-1.amazonaws.com/x", 6, "write it as s3://b.c/x."),
        ("upload /etc/hosts https://s3-eu-west-1.amazonaws.com/b/x", 6, "write it as s3://b/x."),
        ("receipt https://s3.amazonaws.com/b/x", 7, "write it as s3://b/x."),
    ],
)
def test_the_hint_fits_what_was_meant(arguments: str, code: int, hint: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(arguments.split()) == code
    said = capfd.readouterr().err
    assert hint in said.split("Hint:")[-1]
    assert "hidden" not in said
