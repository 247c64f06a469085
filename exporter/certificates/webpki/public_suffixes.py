"""Public suffixes that a wildcard must not stand under: every top-level domain, and the best-known second levels.

The whole Public Suffix List is not carried here: it changes every day, and a wildcard for a rare suffix is missed.
"""

# Under each country: the second levels in which anybody can register a name.
_SECOND_LEVELS = {
    "ar": "com gob net org",
    "au": "asn com edu gov id net org",
    "bd": "ac com edu gov net org",
    "br": "com edu gov net org",
    "cn": "ac com edu gov net org",
    "co": "com edu gov net org",
    "eg": "com edu gov net org",
    "hk": "com edu gov idv net org",
    "id": "ac co go net or web",
    "il": "ac co gov net org",
    "in": "ac co edu firm gen gov ind net org",
    "jp": "ac ad co ed go gr lg ne or",
    "ke": "ac co go ne or",
    "kr": "ac co go ne or pe re",
    "mx": "com edu gob net org",
    "my": "com edu gov name net org",
    "ng": "com edu gov net org",
    "nz": "ac co geek gen govt kiwi maori net org school",
    "pe": "com edu gob net org",
    "ph": "com edu gov net org",
    "pk": "com edu gov net org",
    "pl": "com edu gov net org",
    "sg": "com edu gov net org per",
    "th": "ac co go in or",
    "tr": "com edu gov net org",
    "tw": "com edu gov idv net org",
    "ua": "com edu gov net org",
    "uk": "ac co gov ltd me net nhs org plc police sch",
    "ve": "com edu gob net org",
    "vn": "com edu gov net org",
    "za": "ac co gov net org web",
}
_SUFFIXES = frozenset(f"{second}.{top}" for top, seconds in _SECOND_LEVELS.items() for second in seconds.split())


def is_public_suffix(name: str) -> bool:
    """Return whether names are registered directly under this one."""
    return "." not in name or name.lower() in _SUFFIXES
