"""Names behind which secrets stand: one list for what is refused, what is hidden, and what is left out of a record.

People name their secrets in many ways, so parts of names are looked for, not whole ones. A harmless name that is taken
for a secret one (`keyword`) costs a hint to use `submit`, which seals the URL; one that is missed costs a secret.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_PARTS: Final = (
    *("assertion", "auth", "bearer", "bewit", "cookie", "cred", "hmac", "jwt", "key", "login", "macaroon", "pass"),
    *("phrase", "policy", "pwd", "saml", "secret", "sess", "sig", "ticket", "token"),
    # Whole names: sessions, one-time passwords, signed links of nginx and Akamai.
    *("^code$", "^hdn(ea|ts|tl)$", "^md5$", "^otp$", "^pin$", "^pw$", "^sid$"),
)
_TELLING: Final = re.compile("|".join(_PARTS), re.IGNORECASE)


def may_hold_secret(name: str) -> bool:
    """Whether a field, a header or a query parameter of this name may hold a secret."""
    return _TELLING.search(name) is not None


# A name stands behind any of these: in a query, a fragment, the parameters of a path, and in a URL within a URL.
_NAMES: Final = re.compile(r"[?&;#]([^?&;#=]*)")
# Any user at all, as tokens are often written as one; and what stands between a colon that no port follows and an @, as
# passwords have / and ? in them too.
_LOGIN: Final = re.compile(r"//[^/?#]*@|(?:^|//)[^/?#@]*:(?!//|\d{1,5}(?:[/?#]|$))[^@]*@")
# Nobody encodes a name more often and means well.
_MOST_ENCODINGS: Final = 8


def carries_secret(url: str) -> bool:
    """Whether a URL, of any scheme, may have a login or a signature in it, however often it is percent-encoded."""
    plain = url
    for _ in range(_MOST_ENCODINGS):
        if _LOGIN.search(plain) or any(map(may_hold_secret, _NAMES.findall(plain))):
            return True
        plain, before = unquote(plain), plain
        if plain == before:
            return False
    return True
