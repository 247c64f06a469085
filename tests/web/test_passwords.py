"""Passwords: right, wrong, too long, too many at once; what is remembered, and for how long."""

import asyncio

import bcrypt
import pytest

from exporter.web import passwords
from exporter.web.passwords import Passwords, TooManyGuessesError


def hashed(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
async def users():
    made = Passwords({"ada": hashed("engine"), "bob": hashed("x" * 72)})
    yield made
    made.close()


async def test_right_and_wrong(users):
    assert await users.accepts("ada", b"engine")
    assert not await users.accepts("ada", b"Engine")
    assert not await users.accepts("ada", b"")
    assert not await users.accepts("bob", b"engine")
    assert not await users.accepts("eve", b"engine")
    assert not await users.accepts("", b"")


async def test_what_bcrypt_would_cut_or_refuse_is_wrong(users):
    """Of 73 bytes bcrypt looks at 72, and it stops at a NUL: neither may make a wrong password right."""
    assert await users.accepts("bob", b"x" * 72)
    assert not await users.accepts("bob", b"x" * 73)
    assert not await users.accepts("ada", b"engine\0")
    assert not await users.accepts("ada", b"\0")


async def test_each_password_costs_one_hash(users):
    for _ in range(5):
        assert await users.accepts("ada", b"engine")
        assert not await users.accepts("ada", b"wrong")
        assert not await users.accepts("eve", b"wrong")
    assert users.checks == 3


async def test_an_unknown_user_costs_as_much_as_a_known_one(monkeypatch):
    """The same number of rounds is computed, of the most expensive hash there is."""
    seen = []
    compare = passwords._compare
    monkeypatch.setattr(passwords, "_compare", lambda password, text: seen.append(text[:7]) or compare(password, text))
    costly = bcrypt.hashpw(b"a", bcrypt.gensalt(6)).decode()
    users = Passwords({"ada": hashed("engine"), "bob": costly})
    assert not await users.accepts("eve", b"wrong")
    assert not await users.accepts("bob", b"wrong")
    users.close()
    assert seen == [b"$2b$06$", b"$2b$06$"]


async def test_a_flood_is_turned_away_and_the_newest_is_served(users):
    """Of a thousand wrong passwords few are ever checked; a right one that comes after them is."""
    flood = [asyncio.create_task(users.accepts("ada", b"wrong %d" % number)) for number in range(1000)]
    await asyncio.sleep(0)
    assert await users.accepts("ada", b"engine")
    results = await asyncio.gather(*flood, return_exceptions=True)
    turned_away = [result for result in results if isinstance(result, TooManyGuessesError)]
    assert len(turned_away) >= 1000 - passwords.MAX_WAITING - 3
    assert all(result is False for result in results if not isinstance(result, TooManyGuessesError))


async def test_who_is_known_does_not_wait(users):
    await users.accepts("ada", b"engine")
    checks = users.checks
    flood = [asyncio.create_task(users.accepts("eve", b"wrong %d" % number)) for number in range(100)]
    await asyncio.sleep(0)
    accepted = users.accepts("ada", b"engine")
    with pytest.raises(StopIteration) as stop:
        accepted.send(None)  # answered without waiting for anything
    assert stop.value.value is True
    assert users.checks == checks
    await asyncio.gather(*flood, return_exceptions=True)


async def test_the_same_guess_at_once_is_one_check(users):
    results = await asyncio.gather(*(users.accepts("ada", b"engine") for _ in range(200)))
    assert all(results)
    assert users.checks == 1


async def test_who_hangs_up_leaves_nothing_behind(users):
    task = asyncio.create_task(users.accepts("ada", b"wrong"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await users.accepts("ada", b"engine")


async def test_wrong_passwords_remembered_are_bounded(users, monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WRONG_REMEMBERED", 10)
    for number in range(30):
        assert not await users.accepts("eve", b"wrong %d" % number)
    assert len(users._wrong) == 10


async def test_another_hash_ends_what_was_remembered(users):
    assert await users.accepts("ada", b"engine")
    assert not await users.accepts("ada", b"new")
    users.apply({"ada": hashed("new")})
    assert not await users.accepts("ada", b"engine")
    assert await users.accepts("ada", b"new")
    users.apply({})
    assert not await users.accepts("ada", b"new")


async def test_closing_refuses_the_waiters():
    users = Passwords({"ada": hashed("engine")})
    waiting = [asyncio.create_task(users.accepts("ada", b"wrong %d" % number)) for number in range(5)]
    await asyncio.sleep(0)
    users.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(result, TooManyGuessesError) for result in results)
    with pytest.raises(TooManyGuessesError):
        await users.accepts("ada", b"engine")


async def test_a_cost_that_takes_too_long_is_ended(monkeypatch):
    """The reference takes costs up to 31, of which one check takes a day: the exporter must not be held up by it."""
    monkeypatch.setattr(passwords, "MAX_CHECK_SECONDS", 0.3)
    slow = Passwords({"ada": "$2b$31" + hashed("engine")[6:]})
    try:
        assert not await slow.accepts("ada", b"engine")
        assert not await slow.accepts("nobody", b"engine")
    finally:
        slow.close()


async def test_a_high_cost_is_checked_by_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(passwords, "_COST_IN_PROCESS", 3)
    users = Passwords({"ada": hashed("engine"), "eve": hashed("\n")})
    try:
        assert await users.accepts("ada", b"engine")
        assert not await users.accepts("ada", b"engines")
        assert await users.accepts("eve", b"\n")
    finally:
        users.close()
