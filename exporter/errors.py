"""How the command ends: its exit statuses, and the exceptions that end it before its work is done."""

OK, FAILED, USAGE = 0, 1, 2  # of every command
UNREACHABLE, WORRYING = 1, 3  # of `probe`: no handshake; findings of severity high or worse
NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN = 0, 1, 2, 3  # of `probe --format nagios`
PARTLY = 4  # of `migrate`: not everything was migrated


class UsageError(Exception):
    """The command line asks for what cannot be done; the message says what to write."""


class StartError(Exception):
    """The daemon cannot start; the message says why."""
