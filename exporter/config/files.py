"""Files that a configuration names: certificates, keys, passwords. Says in one sentence why one cannot be used."""

from pathlib import Path

from exporter.config.model import Secret

_LARGEST = 16 * 1024 * 1024  # a bundle of every public root has a quarter of a megabyte
_LARGEST_SECRET = 64 * 1024


class NamedFileError(Exception):
    """A file that cannot be used; the message is for the person who named it."""


class MissingFileError(NamedFileError):
    """There is no such file."""


def read_named(path: str, largest: int = _LARGEST) -> bytes:
    """Return what is in a file, if it is a regular file of bearable size."""
    try:
        if not Path(path).exists():
            raise MissingFileError(f"there is no file {path}")
        if not Path(path).is_file():
            raise NamedFileError(f"{path} is not a regular file")
        with Path(path).open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise NamedFileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > largest:
        raise NamedFileError(f"{path} is larger than {largest} bytes")
    return data


def check_pem(path: str, wanted: str) -> None:
    """Check that a file holds a PEM block (RFC 7468) whose label ends as wanted."""
    data = read_named(path)
    if f"{wanted}-----".encode() in data:
        return
    found = "PRIVATE KEY" if b"PRIVATE KEY-----" in data else "CERTIFICATE" if b"CERTIFICATE-----" in data else ""
    hint = f": it holds a {found}" if found else ""
    raise NamedFileError(f"{path} holds no '-----BEGIN ... {wanted}-----' (PEM){hint}")


def check_directory(path: str) -> None:
    """Check that a directory can be listed."""
    try:
        list(Path(path).iterdir())
    except (OSError, ValueError) as error:
        raise NamedFileError(f"cannot list {path}: {getattr(error, 'strerror', None) or error}") from None


def read_secret(path: str) -> Secret:
    """Return the password in a file, without the newline at its end."""
    data = read_named(path, _LARGEST_SECRET)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NamedFileError(f"{path} is not UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise NamedFileError(f"{path} is empty")
    return Secret(text)
