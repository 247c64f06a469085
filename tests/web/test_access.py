"""The web configuration before a real server on loopback: passwords, header fields, rate, changes without a restart."""

import asyncio
import base64

import bcrypt
import pytest

from exporter.web.access import RateLimit, read_basic_untrusted
from tests.support.web_access import HASH, PAGE, config_file, credentials, issue, presented, status

# Without a file


async def test_without_a_file_everybody_may_ask(serve_behind, visitor):
    server = await serve_behind(None)
    assert await status(visitor, server) == 200
    assert not server.config.authenticates
    assert server.config.refresh() == ""


# Passwords


async def test_passwords(serve_behind, visitor, tmp_path):
    server = await serve_behind(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    assert server.config.authenticates
    assert await status(visitor, server, "engine") == 200
    assert server.handled == 1
    for wrong in ("Engine", "", "engine\0", "x" * 100, "é"):
        assert await status(visitor, server, wrong) == 401
    assert await status(visitor, server) == 401
    assert server.handled == 1


async def test_a_refusal_asks_for_basic_credentials(serve_behind, visitor, tmp_path):
    server = await serve_behind(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    async with visitor.get(server.url) as response:
        assert response.headers["WWW-Authenticate"] == 'Basic realm="tls-exporter", charset="UTF-8"'
        assert PAGE not in await response.text()
    async with visitor.get(server.url.replace("metrics", "nothing")) as response:
        assert response.status == 401  # what exists is not disclosed either


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("Basic YWRhOmVuZ2luZQ==", ("ada", b"engine")),
        ("basic  YWRhOmVuZ2luZQ== ", ("ada", b"engine")),
        ("Basic YWRhOmE6Yg==", ("ada", b"a:b")),
        ("Basic Og==", ("", b"")),
        ("Basic /zo=", ("\udcff", b"")),
        ("", None),
        ("Basic", None),
        ("Basic YWRh", None),
        ("Basic YWRhOmVuZ2luZQ", None),
        ("Basic é", None),
        ("Basic \udcff", None),
        ("Bearer YWRhOmVuZ2luZQ==", None),
        ("YWRhOmVuZ2luZQ==", None),
    ],
)
def test_reading_credentials(field, wanted):
    assert read_basic_untrusted(field) == wanted


async def test_a_user_name_that_is_no_text(serve_behind, visitor, tmp_path):
    server = await serve_behind(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    headers = {"Authorization": "Basic " + base64.b64encode(b"\xff\x00:\xfe").decode()}
    async with visitor.get(server.url, headers=headers) as response:
        assert response.status == 401


async def test_a_thousand_wrong_passwords_do_not_starve_a_scrape(serve_behind, visitor, tmp_path):
    """The scraper is answered during the flood, on its first scrape and later; nobody gets in."""
    server = await serve_behind(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    flood = [asyncio.create_task(status(visitor, server, f"wrong {number}")) for number in range(1000)]
    for _ in range(100):
        await asyncio.sleep(0)
    answers = [await status(visitor, server, "engine") for _ in range(5)]
    statuses = await asyncio.gather(*flood)
    assert answers[-1] == 200
    assert await status(visitor, server, "engine") == 200
    assert set(statuses) <= {401, 429}
    assert server.handled == answers.count(200) + 1


# Header fields and rate


async def test_header_fields_are_on_every_answer(serve_behind, visitor, tmp_path):
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=63072000"}
    sections = {"http_server_config": {"headers": headers, "http2": True}, "basic_auth_users": {"ada": HASH}}
    server = await serve_behind(config_file(tmp_path, **sections))
    for url, password in ((server.url, "engine"), (server.url, "wrong"), (server.url + "/nothing", "engine")):
        async with visitor.get(url, headers=credentials(password)) as response:
            assert response.headers["X-Frame-Options"] == "deny"
            assert response.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert any("HTTP/2" in note for note in server.config.notes)


async def test_a_rate_limit(serve_behind, visitor, tmp_path):
    server = await serve_behind(config_file(tmp_path, rate_limit={"interval": "1h"}))
    assert await status(visitor, server) == 200
    assert await status(visitor, server) == 429


def test_the_bucket_fills_with_time():
    limit = RateLimit(interval=2.0, burst=2, now=0.0)
    assert [limit.admits(0.0) for _ in range(3)] == [True, True, False]
    assert not limit.admits(1.9)
    assert limit.admits(2.0)
    assert not limit.admits(2.1)
    assert [limit.admits(100.0) for _ in range(3)] == [True, True, False]


# Changes


async def test_users_come_and_go_without_a_restart(serve_behind, visitor, tmp_path):
    server = await serve_behind(config_file(tmp_path, basic_auth_users={"ada": HASH}))
    assert await status(visitor, server, "engine") == 200
    other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    config_file(tmp_path, basic_auth_users={"ada": other})
    assert await status(visitor, server, "engine") == 401
    assert await status(visitor, server, "other") == 200
    config_file(tmp_path)
    assert await status(visitor, server) == 200


async def test_a_mistake_leaves_the_old_in_force(serve_behind, visitor, tmp_path):
    path = config_file(tmp_path, basic_auth_users={"ada": HASH})
    server = await serve_behind(path)
    path.write_text("basic_auth_users: {")
    assert "not YAML" in server.config.refresh()
    assert server.config.refresh() == ""  # reported once
    path.unlink()
    assert await status(visitor, server) == 401
    assert await status(visitor, server, "engine") == 200


async def test_tls_neither_comes_nor_goes_without_a_restart(serve_behind, tmp_path):
    issue(tmp_path, "server")
    tls = {"cert_file": "server.pem", "key_file": "server.key"}
    server = await serve_behind(config_file(tmp_path))
    config_file(tmp_path, tls_server_config=tls)
    assert "with a restart only" in server.config.refresh()
    server = await serve_behind(config_file(tmp_path, tls_server_config=tls))
    config_file(tmp_path)
    assert "with a restart only" in server.config.refresh()


async def test_a_file_that_was_missing_is_looked_for(serve_behind, tmp_path):
    issue(tmp_path, "server")
    server = await serve_behind(
        config_file(tmp_path, tls_server_config={"cert_file": "server.pem", "key_file": "server.key"})
    )
    config_file(tmp_path, tls_server_config={"cert_file": "new.pem", "key_file": "new.key"})
    assert "there is no file" in server.config.refresh()
    leaf = issue(tmp_path, "new")
    assert server.config.refresh() == ""
    assert await presented(server) == leaf.der
