"""x509-certificate-exporter: its flags (versions 1 to 3, and the few of version 4) and its file (version 4).

Flags come in a systemd unit, a script, or the arguments of a container. What it says of its own metrics and its own
server is not needed here.
"""

import re
import shlex
from typing import Any

from exporter.migrate.note import Note, remark
from exporter.migrate.reading import flag, mapping, sequence, text, texts
from exporter.migrate.stored import StoredEntries

PROGRAM = "x509-certificate-exporter"
TLS_SECRET, TLS_KEY = "kubernetes.io/tls", "tls.crt"
_SHORT = {
    "f": "watch-file",
    "d": "watch-dir",
    "k": "watch-kubeconf",
    "s": "secret-type",
    "p": "port",
    "l": "expose-labels",
}
_WITHOUT_VALUE = {"watch-kube-secrets", "debug", "profile", "help", "version"}
_OF_ITS_OWN = re.compile(r"(port|listen-address|debug|profile|help|version|web[.-].*|expose-.*|trim-path-components|"
                         r"max-cache-duration|kube-api-rate-limit-.*|probe-listen.*|config|log.*)\Z")  # fmt: skip
_LITERAL = re.compile(r"[A-Za-z0-9_./ -]*\Z")


def command_lines(content: str) -> list[list[str]]:
    """Return the arguments of each command of the exporter in a unit or script; none where it is not mentioned."""
    if PROGRAM not in content or ("--" not in content and not re.search(r"\s-[fdk]\b", content)):
        return []
    found = []
    for line in re.sub(r"\\\r?\n", " ", content).splitlines():
        before, program, after = line.partition(PROGRAM)
        if program and not before.lstrip().startswith(("#", ";")) and after[:1] in (" ", "\t"):
            try:
                words = shlex.split(after, comments=True)
            except ValueError:
                continue
            if any(word.startswith("-") for word in words):
                found.append(words)
    return found


def container_arguments(document: dict[str, Any]) -> list[list[str]]:
    """Return the arguments of each container of a workload that runs the exporter."""
    found, pending = [], [document.get("spec")]
    while pending:
        part = mapping(pending.pop())
        pending += [value for key, value in part.items() if key in ("template", "spec", "jobTemplate")]
        for container in map(mapping, sequence(part.get("containers"))):
            words = [*texts(container.get("command")), *texts(container.get("args"))]
            if PROGRAM in text(container.get("image")) or any(PROGRAM in word for word in words):
                found.append([word for word in words if PROGRAM not in word])
    return found


def is_its_file(document: dict[str, Any]) -> bool:
    """Return whether a document is the file of version 4: `sources` with a kind each."""
    return any(text(mapping(one).get("kind")) in ("file", "kubeconfig", "kubernetes") for one in _sources(document))


def _sources(document: dict[str, Any]) -> list[Any]:
    return sequence(document.get("sources"))


def read_flags(words: list[str]) -> tuple[StoredEntries, list[Note]]:
    """Return the entries for a command line."""
    values, notes = _values(words)
    entries = StoredEntries()
    if files := values.pop("watch-file", []):
        entries.add(entries.files, {"paths": files})
    if folders := values.pop("watch-dir", []):
        entries.add(entries.files, {"paths": [f"{folder.rstrip('/')}/*" for folder in folders]})
    if kubeconfigs := values.pop("watch-kubeconf", []):
        entries.add(entries.files, {"paths": kubeconfigs})
    watches_secrets = values.pop("watch-kube-secrets", None) is not None
    types = [kind.partition(":") for kind in values.pop("secret-type", [])]
    config_maps = _globs(values.pop("configmap-keys", []), notes)
    entry = {
        "secrets": watches_secrets or bool(types),
        "config_maps": bool(config_maps),
        "namespaces": values.pop("include-namespace", []) + [f"!{one}" for one in values.pop("exclude-namespace", [])],
        "selector": _selector(values.pop("include-label", []), values.pop("exclude-label", [])),
        "keys": _keys([(kind, [key]) for kind, _, key in types], notes) + config_maps,
        "kubeconfig": next(iter(values.pop("kubeconfig", [])), None),
    }
    if entry["secrets"] or config_maps:
        entries.add(entries.kubernetes, entry)
    notes += [Note(f"--{name} is not migrated") for name in values if not _OF_ITS_OWN.match(name)]
    return entries, notes


def _values(words: list[str]) -> tuple[dict[str, list[str]], list[Note]]:
    """Return the values of each long option; a list of values may be written with commas."""
    values: dict[str, list[str]] = {}
    notes: list[Note] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            notes.append(Note(f"the argument {word[:80]} is not understood"))
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--") and len(name) > 1 and not equals:
            name, value, equals = name[0], name[1:], "="
        name = _SHORT.get(name, name)
        if not equals and name not in _WITHOUT_VALUE and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
        values.setdefault(name, []).append(value)
    return values, notes


def read_file(document: dict[str, Any]) -> tuple[StoredEntries, list[Note]]:
    """Return the entries for the file of version 4."""
    entries, notes = StoredEntries(), []
    for source in map(mapping, _sources(document)):
        name, kind = text(source.get("name")), text(source.get("kind"))
        found: list[Note] = []
        if kind in ("file", "kubeconfig"):
            entry = {"paths": texts(source.get("paths")), "exclude": texts(source.get("excludePaths"))}
            entries.add(entries.files, entry | _password(mapping(source.get("pkcs12")), found))
        elif kind == "kubernetes":
            entries.add(entries.kubernetes, _cluster(source, found))
        else:
            found.append(Note(f"a source of the kind {kind[:80] or '(none)'} is not migrated"))
        notes += [Note(f"source {name}: {note}", is_loss=note.is_loss) for note in found]
    return entries, notes


def _cluster(source: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
    """Return the entry for a source of Secrets and ConfigMaps."""
    namespaces, secrets = mapping(source.get("namespaces")), mapping(source.get("secrets"))
    config_maps = mapping(source.get("configMaps"))
    types = [mapping(one) for one in sequence(secrets.get("types"))]
    notes += [
        Note(f"namespaces.{key} is not migrated: name the namespaces")
        for key in ("includeLabels", "excludeLabels")
        if namespaces.get(key)
    ]
    if secrets.get("exposeLabels") or config_maps.get("exposeLabels"):
        notes.append(Note("exposeLabels is not migrated: join with the labels of kube-state-metrics"))
    password = next((one["pkcs12"] for one in types if one.get("pkcs12")), source.get("pkcs12"))
    names = texts(secrets.get("include")) + texts(config_maps.get("include"))
    excluded = texts(secrets.get("exclude")) + texts(config_maps.get("exclude"))
    keys = _keys([(text(one.get("type")), texts(one.get("keyPatterns"))) for one in types], notes)
    config_map_keys = _globs(texts(config_maps.get("keyPatterns")), notes)
    if config_maps and keys == [] and config_map_keys and "secrets" in source:
        keys = [TLS_KEY]
    return {
        "secrets": "secrets" in source,
        "config_maps": "configMaps" in source,
        "namespaces": texts(namespaces.get("include")) + [f"!{one}" for one in texts(namespaces.get("exclude"))],
        "names": [_name(one) for one in names] + [f"!{_name(one)}" for one in excluded],
        "selector": _selector(texts(secrets.get("includeLabels")), texts(secrets.get("excludeLabels"))),
        "keys": keys + config_map_keys,
        "kubeconfig": text(source.get("kubeconfig")) or None,
    } | _password(mapping(password), notes)


def _name(pattern: str) -> str:
    return pattern.rpartition("/")[2]


def _password(pkcs12: dict[str, Any], notes: list[Note]) -> dict[str, Any]:
    if text(pkcs12.get("passphrase")):
        notes.append(Note("its passphrase is not migrated: write it to a file, and password_file"))
    notes += [
        Note(f"pkcs12.{key} is not migrated: mount the password, and write password_file")
        for key in ("passphraseSecretRef", "passphraseKey", "passphraseAnnotation")
        if pkcs12.get(key)
    ]
    if flag(pkcs12.get("tryEmptyPassphrase")):
        notes.append(remark("an empty passphrase is always tried"))
    return {"password_file": text(pkcs12.get("passphraseFile")) or None}


def _keys(types: list[tuple[str, list[str]]], notes: list[Note]) -> list[str]:
    """Return patterns of keys; none where only the certificate of Secrets for TLS is wanted, as it is without."""
    if all(kind == TLS_SECRET and _globs(keys, []) in ([TLS_KEY], []) for kind, keys in types):
        return []
    if any(kind and kind != TLS_SECRET for kind, _ in types):
        notes.append(remark("keys are looked for in Secrets of every type"))
    return _globs([key for _, keys in types for key in keys], notes)


def _globs(patterns: list[str], notes: list[Note]) -> list[str]:
    """Return regular expressions as patterns with *, as far as they are no more than that."""
    found = []
    for pattern in patterns:
        plain = pattern.removeprefix("^").removesuffix("$").replace(".*", "*").replace(".+", "*").replace("\\.", ".")
        if _LITERAL.match(plain.replace("*", "")):
            found.append(plain)
        else:
            notes.append(Note(f"the pattern {pattern[:80]} of keys is not migrated: write one with * in keys"))
    return list(dict.fromkeys(found))


def _selector(include: list[str], exclude: list[str]) -> str:
    """Return a label selector."""
    left_out = [one.replace("=", "!=", 1) if "=" in one else f"!{one}" for one in exclude]
    return ",".join([*include, *left_out])
