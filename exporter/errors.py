"""How the command ends: its exit statuses, and the exceptions that end it before its work is done."""

OK, FAILED, USAGE = 0, 1, 2  # of every command; `probe` has more of its own


class UsageError(Exception):
    """The command line asks for what cannot be done; the message says what to write."""


class StartError(Exception):
    """The daemon cannot start; the message says why."""
