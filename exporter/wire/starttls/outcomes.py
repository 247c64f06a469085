"""The ways in which a STARTTLS dialogue fails. Each repeats what the server said, escaped and cut."""

from exporter.wire.dialogue import DialogueError, DialogueReason, printable_untrusted


def unsupported(said: bytes) -> DialogueError:
    """Return the error for a server that has no STARTTLS."""
    return DialogueError(DialogueReason.STARTTLS_UNSUPPORTED, f"TLS is not offered: {printable_untrusted(said)}")


def refused(said: bytes) -> DialogueError:
    """Return the error for a server that turns the request (or the client) down."""
    return DialogueError(DialogueReason.STARTTLS_REFUSED, f"the server said: {printable_untrusted(said)}")


def unexpected(said: bytes, wanted: str) -> DialogueError:
    """Return the error for an answer that is not of this protocol."""
    return DialogueError(DialogueReason.STARTTLS_PROTOCOL_ERROR, f"not {wanted}: {printable_untrusted(said)}")
