"""Names behind which secrets stand: one list for what is refused, what is hidden, and what is left out of a record.

People name their secrets in many ways, so parts of names are looked for, not whole ones. A harmless name that is taken
for a telling one (`keyword`) costs a hint to use `submit`, which seals the URL; one that is missed costs a secret.
"""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = (
    *("auth", "cookie", "cred", "jwt", "key", "login", "pass", "phrase", "policy", "pwd"),
    *("secret", "session", "sig", "ticket", "token"),
)
_TELLING: Final = re.compile("|".join(_PARTS), re.IGNORECASE)


def may_hold_secret(name: str) -> bool:
    """Whether a field, a header or a query parameter of this name may hold a secret."""
    return _TELLING.search(name) is not None
