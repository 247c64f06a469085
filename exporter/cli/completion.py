"""Completion scripts and the manual page, from the parsers that also write `--help`: there is no second list."""

import argparse
import re
from collections.abc import Iterator, Mapping

from exporter import __version__

Parsers = Mapping[str, argparse.ArgumentParser]
_FILES = ("PATH", "FILE", "BLACKBOX.YML", "PROMETHEUS.YML")


def render(kind: str, parsers: Parsers) -> str:
    """Return the script for a shell, or the manual page."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish, "man": _man}[kind](parsers)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    yield from (action for action in parser._actions if action.help != argparse.SUPPRESS)  # noqa: SLF001 - no other way


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in _actions(parser) for flag in action.option_strings]


def _help(action: argparse.Action) -> str:
    text = (action.help or "") % {**vars(action), "prog": "tls-exporter"}
    return re.sub(r"\s+", " ", text)


def _commands(parsers: Parsers) -> list[str]:
    return [name for name in parsers if name != "serve"]


def _bash(parsers: Parsers) -> str:
    cases = []
    for name, parser in parsers.items():
        words = [*_flags(parser), *(_commands(parsers) if name == "serve" else ())]
        cases.append(f'        {name}) words="{" ".join(words)}" ;;')
    values = [
        f'        {"|".join(action.option_strings)}) words="{" ".join(map(str, action.choices))}" ;;'
        for action in _unique(parsers)
        if action.choices
    ]
    files = [flag for action in _unique(parsers) if action.metavar in _FILES for flag in action.option_strings]
    return (
        "# bash completion for tls-exporter; written by: tls-exporter completion bash\n"
        "_tls_exporter() {\n"
        '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" command=serve words=""\n'
        f'    case "${{COMP_WORDS[1]}}" in {"|".join(_commands(parsers))}) command="${{COMP_WORDS[1]}}" ;; esac\n'
        '    case "$command" in\n' + "\n".join(cases) + "\n    esac\n"
        '    case "$prev" in\n' + "\n".join(values) + "\n"
        f'        {"|".join(files)}) COMPREPLY=($(compgen -f -- "$cur")); return ;;\n'
        "    esac\n"
        '    COMPREPLY=($(compgen -W "$words" -- "$cur"))\n'
        "}\n"
        "complete -o default -F _tls_exporter tls-exporter\n"
    )


def _unique(parsers: Parsers) -> list[argparse.Action]:
    """Return each flag once, whichever command has it."""
    found: dict[tuple[str, ...], argparse.Action] = {}
    for parser in parsers.values():
        for action in _actions(parser):
            if action.option_strings:
                found.setdefault(tuple(action.option_strings), action)
    return list(found.values())


def _zsh(parsers: Parsers) -> str:
    cases = []
    for name, parser in parsers.items():
        specs = " ".join(_zsh_spec(action) for action in _actions(parser) if action.option_strings)
        cases.append(f"    {name}) _arguments {specs} '*: :_files' ;;")
    commands = " ".join(f"'{name}:{_one_line(parsers[name])}'" for name in _commands(parsers))
    return (
        "#compdef tls-exporter\n"
        "# zsh completion for tls-exporter; written by: tls-exporter completion zsh\n"
        "local command=serve\n"
        f"local -a commands=({commands})\n"
        f'case "${{words[2]}}" in {"|".join(_commands(parsers))})\n'
        '    command="${words[2]}"; shift words; (( CURRENT-- )) ;;\n'
        "esac\n"
        "if (( CURRENT == 2 )) && [[ $command == serve && ${words[2]} != -* ]]; then\n"
        "    _describe command commands\n"
        "    return\n"
        "fi\n"
        'case "$command" in\n' + "\n".join(cases) + "\nesac\n"
    )


def _one_line(parser: argparse.ArgumentParser) -> str:
    text = re.sub(r"\s+", " ", parser.description or "")
    return re.sub(r"[':\[\]]", "", text.partition(". ")[0].rstrip("."))


def _zsh_spec(action: argparse.Action) -> str:
    text = re.sub(r"['\[\]:]", "", _help(action))
    names = action.option_strings
    head = names[0] if len(names) == 1 else "{" + ",".join(names) + "}"
    value = ""
    if action.choices:
        value = f":value:({' '.join(map(str, action.choices))})"
    elif action.nargs != 0:
        value = f":{(action.metavar or action.dest)!s}:" + ("_files" if action.metavar in _FILES else " ")
    return f"{head}'[{text}]{value}'"


def _fish(parsers: Parsers) -> str:
    commands = " ".join(_commands(parsers))
    none = f"not __fish_seen_subcommand_from {commands}"
    lines = [
        "# fish completion for tls-exporter; written by: tls-exporter completion fish",
        *(
            f"complete -c tls-exporter -n '{none}' -a {name} -d '{_one_line(parsers[name])}'"
            for name in _commands(parsers)
        ),
    ]
    for name, parser in parsers.items():
        seen = none if name == "serve" else f"__fish_seen_subcommand_from {name}"
        lines += [
            f"complete -c tls-exporter -n '{seen}'{_fish_flag(action)}"
            for action in _actions(parser)
            if action.option_strings
        ]
    return "\n".join(lines) + "\n"


def _fish_flag(action: argparse.Action) -> str:
    names = "".join(f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}" for flag in action.option_strings)
    value = "" if action.nargs == 0 else " -r" if action.metavar in _FILES else " -x"
    choices = f" -a '{' '.join(map(str, action.choices))}'" if action.choices else ""
    return f"{names}{value}{choices} -d '{_help(action).replace(chr(39), '')}'"


def _man(parsers: Parsers) -> str:
    lines = [
        f'.TH TLS\\-EXPORTER 1 "" "tls\\-exporter {__version__}" "User Commands"',
        ".SH NAME",
        f"tls\\-exporter \\- {_roff((parsers['serve'].description or '').partition(':')[0])}",
        ".SH SYNOPSIS",
        *(line for name, parser in parsers.items() for line in _synopsis(name, parser)),
    ]
    for name, parser in parsers.items():
        lines.append(f".SH {'OPTIONS' if name == 'serve' else 'COMMAND ' + name.upper()}")
        lines.append(_roff(parser.description or ""))
        for action in _actions(parser):
            lines += [".TP", _term(action), _roff(_help(action))]
        if parser.epilog:
            lines += [".PP", ".nf", *(_roff(line) for line in parser.epilog.rstrip().splitlines()), ".fi"]
    return "\n".join(lines) + "\n"


def _synopsis(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    words = "" if name == "serve" else f" {name}"
    positional = [str(action.metavar or action.dest) for action in _actions(parser) if not action.option_strings]
    yield f".B tls\\-exporter{words}"
    yield _roff(" ".join(["[FLAG...]", *positional]))
    yield ".br"


def _term(action: argparse.Action) -> str:
    names = ", ".join(f"\\fB{_roff(flag)}\\fR" for flag in action.option_strings)
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
    value = "" if action.nargs == 0 else f"\\fI{_roff(str(value))}\\fR"
    return " ".join(part for part in (names, value) if part)


def _roff(text: str) -> str:
    """Escape text for roff: backslashes, hyphens, and what would begin a request."""
    escaped = re.sub(r"\s*\n\s*", "\n", text).replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines())
