"""SPDX identifiers of licences as hubs name them."""

from __future__ import annotations

import re

_SPDX = (
    *("AFL-3.0", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0"),
    *("CC0-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0"),
    *("CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0"),
    *("CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "CDLA-Sharing-1.0"),
    *("ECL-2.0", "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "ISC", "LPPL-1.3c", "MIT", "MPL-2.0", "MS-PL", "NCSA"),
    *("ODbL-1.0", "OFL-1.1", "OSL-3.0", "PDDL-1.0", "PostgreSQL", "Unlicense", "WTFPL", "Zlib"),
)
_PLAIN = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in _SPDX}
_NAMES = {
    **_PLAIN,
    **{f"{name}30": f"{name.upper()}-3.0-only" for name in ("gpl", "lgpl", "agpl")},
    **{"gpl20": "GPL-2.0-only", "lgpl21": "LGPL-2.1-only", "apache20license": "Apache-2.0", "apache": "Apache-2.0"},
    **{"mitlicense": "MIT", "gpl2": "GPL-2.0-only", "gpl3": "GPL-3.0-only", "lgpl3": "LGPL-3.0-only"},
    **{"cc0publicdomain": "CC0-1.0", "cc0": "CC0-1.0", "apachelicense20": "Apache-2.0"},
}
_UNKNOWN = frozenset({"", "unknown", "none", "other", "na"})


def spdx(name: object) -> str:
    """Return the SPDX identifier of a licence: `LicenseRef-...` for others, `""` if it is unknown.

    Example:
        >>> [spdx(name) for name in ("apache-2.0", "Apache 2.0", "llama3.1", "unknown", ["mit"])]
        ['Apache-2.0', 'Apache-2.0', 'LicenseRef-llama3.1', '', 'MIT']
    """
    if isinstance(name, list):
        return " OR ".join(filter(None, map(spdx, name[:4])))
    text = name.strip() if isinstance(name, str) else ""
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    if plain in _UNKNOWN:
        return ""
    return _NAMES.get(plain) or f"LicenseRef-{re.sub(r'[^A-Za-z0-9.-]+', '-', text)[:60].strip('-')}"
