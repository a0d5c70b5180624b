"""The guard: exact lists of Host and Origin, and a token that takes as long to compare right as wrong."""

from __future__ import annotations

import socket

from chainrule.playground.guard import allowed_hosts, new_token, same_token


def test_the_names_of_this_machine_are_exact_and_carry_the_port() -> None:
    assert allowed_hosts("127.0.0.1", 8760) == {"127.0.0.1:8760", "localhost:8760", "[::1]:8760"}
    assert "127.0.0.1" in allowed_hosts("127.0.0.1", 80)


def test_another_host_is_let_in_by_its_own_name_alone() -> None:
    assert "192.168.1.7:9000" in allowed_hosts("192.168.1.7", 9000)
    assert "[fe80::1]:9000" in allowed_hosts("fe80::1", 9000)
    assert f"{socket.gethostname().lower()}:9000" in allowed_hosts("0.0.0.0", 9000)


def test_tokens_are_long_and_different() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_only_the_same_token_is_the_same() -> None:
    token = new_token()
    assert same_token(token, token)
    for other in ("", token[:-1], token + "x", token.swapcase(), "ü" * 43, "\ud800"):
        assert not same_token(token, other)
