"""The guard: exact lists of Host and Origin, and a token that takes as long to compare right as wrong."""

from __future__ import annotations

import socket
from typing import cast

import pytest

from chainrule.web.guard import App, Guard, allowed_hosts, new_token, reachable_address, same_token


def test_the_names_of_this_machine_are_exact_and_carry_the_port() -> None:
    assert allowed_hosts("127.0.0.1", 8760) == {"127.0.0.1:8760", "localhost:8760", "[::1]:8760"}
    assert "127.0.0.1" in allowed_hosts("127.0.0.1", 80)


def test_another_host_is_let_in_by_its_own_name_alone() -> None:
    assert "192.168.1.7:9000" in allowed_hosts("192.168.1.7", 9000)
    assert "[fe80::1]:9000" in allowed_hosts("fe80::1", 9000)
    assert f"{socket.gethostname().lower()}:9000" in allowed_hosts("0.0.0.0", 9000)


def test_a_name_that_a_person_allows_is_let_in_with_and_without_the_port() -> None:
    allowed = allowed_hosts("127.0.0.1", 9000, ["Play.Example"])
    assert {"play.example", "play.example:9000"} <= allowed
    assert "play.example" not in allowed_hosts("127.0.0.1", 9000)


def judged(host: str, came_in_by: str, *, everywhere: bool) -> str:
    guard = Guard(cast(App, None), allowed_hosts("0.0.0.0" if everywhere else "127.0.0.1", 80), everywhere=everywhere)
    scope = {"type": "http", "headers": [(b"host", host.encode())], "server": (came_in_by, 80)}
    return guard._refusal(scope)


@pytest.mark.parametrize("address", ["192.168.7.9", "::ffff:192.168.7.9"])
def test_everywhere_is_every_address_that_a_connection_comes_in_by(address: str) -> None:
    assert judged("192.168.7.9:80", address, everywhere=True) == ""


@pytest.mark.parametrize(
    ("host", "everywhere"),
    [("192.168.7.10:80", True), ("rebound.example:80", True), ("192.168.7.9:81", True), ("192.168.7.9:80", False)],
)
def test_another_address_or_name_is_not_ours(host: str, everywhere: bool) -> None:
    assert "not ours" in judged(host, "192.168.7.9", everywhere=everywhere)


def test_the_address_for_others_is_one_of_this_machine() -> None:
    with socket.socket() as place:
        place.bind((reachable_address(), 0))


def test_tokens_are_long_and_different() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_only_the_same_token_is_the_same() -> None:
    token = new_token()
    assert same_token(token, token)
    for other in ("", token[:-1], token + "x", token.swapcase(), "ü" * 43, "\ud800"):
        assert not same_token(token, other)
