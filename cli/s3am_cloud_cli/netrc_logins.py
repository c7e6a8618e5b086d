"""Logins from ~/.netrc, where programs that were written for earlier versions import them."""

from __future__ import annotations

from s3am_cloud_client.remote.netrc_logins import with_login

__all__ = ("with_login",)
