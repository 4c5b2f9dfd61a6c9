"""What may be a password, and what a hash gives away: nothing."""

from __future__ import annotations

import pytest

from hub.security import passwords


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "PASSWORD_SHORT"),
        ("elevensigns", "PASSWORD_SHORT"),
        ("x" * 257, "PASSWORD_LONG"),
        ("anna.jansen@praktijk.example", "PASSWORD_LOGIN"),
        ("Anna.Jansen@Praktijk.Example!", "PASSWORD_LOGIN"),
        ("annajansen2026", "PASSWORD_LOGIN"),
        ("2026-anna-jansen-1", "PASSWORD_LOGIN"),
        ("aaaaaaaaaaaaaaaa", "PASSWORD_COMMON"),
        ("abababababababab", "PASSWORD_COMMON"),
        ("abcdefghijklmnop", "PASSWORD_COMMON"),
        ("zyxwvutsrqponml", "PASSWORD_COMMON"),
        ("12345678901234567", "PASSWORD_COMMON"),
        ("Wachtwoord2026!", "PASSWORD_COMMON"),
        ("2026 Velkommen 2026", "PASSWORD_COMMON"),
        ("welkom-WELKOM-", "PASSWORD_COMMON"),
        ("qwertyuiop 123", "PASSWORD_COMMON"),
        ("correct horse battery staple", "PASSWORD_COMMON"),
    ],
)
def test_what_is_guessed_first_is_no_password(password: str, why: str) -> None:
    assert passwords.wrong_with(password, "anna.jansen@praktijk.example") == why


@pytest.mark.parametrize(
    "password", ["vier losse woorden hier", "tre små fisker svømte", "kT8#vv1!qPz0", "x1y2z3a4b5c6d7"]
)
def test_length_is_enough_there_are_no_rules_about_signs(password: str) -> None:
    assert passwords.wrong_with(password, "anna@praktijk.example") == ""


def test_a_short_login_does_not_forbid_what_only_begins_like_it() -> None:
    assert passwords.wrong_with("jo loopt door het bos", "jo") == ""


def test_two_hashes_of_one_password_differ_and_both_fit() -> None:
    one, other = passwords.hashed("vier losse woorden"), passwords.hashed("vier losse woorden")
    assert one != other
    assert passwords.fits(one, "vier losse woorden")
    assert passwords.fits(other, "vier losse woorden")
    assert not passwords.fits(one, "vier losse woorden ")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_same_sign_from_two_keyboards_is_the_same_password() -> None:
    assert passwords.fits(passwords.hashed("caf\u00e9 au lait chaud"), "cafe\u0301 au lait chaud")


def test_nobodys_hash_and_what_is_no_hash_never_fit() -> None:
    assert not passwords.fits("", "")
    assert not passwords.fits("", "nobody's password, to spend the same time on")
    assert not passwords.fits("no hash", "anything")
    assert not passwords.fits(passwords.hashed("a" * 2000), "a" * 2000), "longer than any password may be"
