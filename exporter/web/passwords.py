"""Checks passwords against bcrypt hashes: one at a time, on a thread, at the same cost for known and unknown users.

A password that was right is cached (one digest for each user), so a scrape does not wait behind other clients' guesses.
Guesses wait on a short stack: the newest is checked next, and the oldest is rejected when there are too many.
"""

import asyncio
import hashlib
import hmac
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import bcrypt

MAX_WAITING = 16
MAX_WRONG_REMEMBERED = 1024
_BCRYPT_BYTES = 72  # bcrypt looks at no more; what is longer is refused rather than cut
_COST_IN_PROCESS = 17  # beyond, a process of its own checks, which can be ended
MAX_CHECK_SECONDS = 60.0
_CHECK = (
    "import sys, bcrypt; read = sys.stdin.buffer; hashed = read.readline().rstrip(); "
    "sys.exit(0 if bcrypt.checkpw(read.read(), hashed) else 1)"
)
_NO_PASSWORD = "." * 22 + "." * 31  # the salt and hash of a password that nobody has


class TooManyGuessesError(Exception):
    """This password was not checked: too many others wait."""


@dataclass(slots=True, eq=False)
class _Guess:
    digest: bytes
    password: bytes
    hashed: bytes
    known_user: bool
    answer: asyncio.Future[bool]


class Passwords:
    """The users' hashes and the memory of what was right and wrong. Belongs to one event loop."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {user: text.encode() for user, text in users.items()}
        cost = max((int(text[4:6]) for text in users.values()), default=10)
        self._dummy = f"$2b${cost:02}${_NO_PASSWORD}".encode()
        self._secret = os.urandom(32)
        self._right: dict[str, bytes] = {}
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._waiting: OrderedDict[bytes, _Guess] = OrderedDict()  # the oldest first
        self._checking: _Guess | None = None
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bcrypt")
        self.checks = 0  # how many hashes were computed

    async def accepts(self, user: str, password: bytes) -> bool:
        """Return whether this is the user's password. Raises TooManyGuessesError when it cannot be checked now."""
        hashed = self._users.get(user)
        digest = self._summary(user, hashed or b"", password)
        if hmac.compare_digest(self._right.get(user, b""), digest):
            return True
        if digest in self._wrong:
            self._wrong.move_to_end(digest)
            return False
        answer = await asyncio.shield(self._guess(digest, password, hashed).answer)
        if answer:
            self._right[user] = digest
        return answer

    def apply(self, users: Mapping[str, str]) -> None:
        """Apply other hashes. Each cached password holds a digest of its hash, so it is void when the hash changes."""
        self._users = {user: text.encode() for user, text in users.items()}
        self._right = {user: digest for user, digest in self._right.items() if user in users}
        self._wrong.clear()

    def close(self) -> None:
        """Refuse every waiting guess, and shut the thread down."""
        for guess in self._waiting.values():
            _turn_away(guess)
        self._waiting.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _summary(self, user: str, hashed: bytes, password: bytes) -> bytes:
        parts = [user.encode("utf-8", "surrogateescape"), hashed, password]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._secret, message, hashlib.sha256).digest()

    def _guess(self, digest: bytes, password: bytes, hashed: bytes | None) -> _Guess:
        """Return the guess that waits or is being checked for the same password, else a new one on the stack."""
        if self._checking is not None and self._checking.digest == digest:
            return self._checking
        guess = self._waiting.get(digest)
        if guess is None:
            answer = asyncio.get_running_loop().create_future()
            guess = _Guess(digest, password, hashed or self._dummy, hashed is not None, answer)
            self._waiting[digest] = guess
            if len(self._waiting) > MAX_WAITING:
                _turn_away(self._waiting.popitem(last=False)[1])
        else:
            self._waiting.move_to_end(digest)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return guess

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            _, guess = self._waiting.popitem()
            self._checking = guess
            try:
                right = await loop.run_in_executor(self._thread, _compare, guess.password, guess.hashed)
            except RuntimeError:  # the thread was let go
                _turn_away(guess)
                return
            finally:
                self._checking = None
            self.checks += 1
            self._remember(guess, right=right and guess.known_user)

    def _remember(self, guess: _Guess, *, right: bool) -> None:
        if not right:
            self._wrong[guess.digest] = None
            if len(self._wrong) > MAX_WRONG_REMEMBERED:
                self._wrong.popitem(last=False)
        if not guess.answer.done():
            guess.answer.set_result(right)


def _turn_away(guess: _Guess) -> None:
    if not guess.answer.done():
        guess.answer.set_exception(TooManyGuessesError())
        guess.answer.exception()  # the client may be gone, which must not be logged as an unretrieved exception


def cost_of(hashed: bytes) -> int:
    """Return the cost of a bcrypt hash: each one more doubles the time of a check, 17 takes some seconds."""
    return int(hashed[4:6])


def _compare_elsewhere(password: bytes, hashed: bytes) -> bool:
    """Compare in a process of its own, which is ended after MAX_CHECK_SECONDS: a cost of 31 takes a day."""
    command = (sys.executable, "-I", "-c", _CHECK)
    try:
        done = subprocess.run(  # noqa: S603 - our own program and nothing else
            command, input=hashed + b"\n" + password, timeout=MAX_CHECK_SECONDS, capture_output=True, check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0


def _compare(password: bytes, hashed: bytes) -> bool:
    """Compare at the same cost whether the password is too long, holds what bcrypt refuses, or is just wrong."""
    try:
        cut = password[:_BCRYPT_BYTES].replace(b"\0", b"0")
        same = bcrypt.checkpw(cut, hashed) if cost_of(hashed) <= _COST_IN_PROCESS else _compare_elsewhere(cut, hashed)
    except ValueError:
        return False
    return same and len(password) <= _BCRYPT_BYTES and b"\0" not in password
