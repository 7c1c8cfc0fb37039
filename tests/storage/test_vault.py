"""Sealed fields, search hashes, wrapped keys."""

from __future__ import annotations

import uuid

import pytest

from storage.vault import CannotOpen, Sealer, Vault

A, B = uuid.UUID(int=1), uuid.UUID(int=2)
OLD, NEW = "the old secret of the house, long", "the new secret of the house, long"


def sealer(org: uuid.UUID = A, vault: Vault | None = None) -> Sealer:
    vault = vault or Vault([OLD])
    return vault.sealer(org, vault.new_data_key(org))


def test_what_is_sealed_opens_in_its_place_only() -> None:
    one = sealer()
    sealed = one.seal("123.456.789-09", "customers.cpf")
    assert one.open(sealed, "customers.cpf") == "123.456.789-09"
    assert b"123" not in sealed
    assert one.seal("123.456.789-09", "customers.cpf") != sealed
    altered = bytes([*sealed[:-1], sealed[-1] ^ 1])
    strangers = [(one, sealed, "customers.email"), (sealer(), sealed, "customers.cpf"), (one, altered, "customers.cpf"),
                 (Sealer(B, one.data_key), sealed, "customers.cpf"), (one, b"", "customers.cpf")]  # fmt: skip
    for opener, content, place in strangers:
        with pytest.raises((CannotOpen, ValueError)):
            opener.open(content, place)


def test_hashes_find_again_within_one_organization_and_purpose() -> None:
    one, other = sealer(), sealer(B)
    assert one.index("52998224725", "cpf") == one.index("52998224725", "cpf")
    different = {one.index("52998224725", "cpf"), one.index("52998224725", "email"), other.index("52998224725", "cpf")}
    assert len(different) == 3
    assert all("52998224725" not in value and len(value) == 64 for value in different)


def test_a_new_secret_leaves_fields_and_hashes_as_they_are() -> None:
    before = Vault([OLD])
    wrapped = before.new_data_key(A)
    sealed, hashed = before.sealer(A, wrapped).seal("Ana", "p"), before.sealer(A, wrapped).index("Ana", "p")
    both = Vault([NEW, OLD])
    again = both.rewrap(A, wrapped)
    after = Vault([NEW]).sealer(A, again)
    assert (after.open(sealed, "p"), after.index("Ana", "p")) == ("Ana", hashed)
    with pytest.raises(CannotOpen, match="secret key"):
        Vault([NEW]).sealer(A, wrapped)
    with pytest.raises(CannotOpen):
        before.sealer(B, wrapped)


def test_tokens_outlive_a_new_secret() -> None:
    tag = Vault([OLD]).token("card", "K1")
    assert len(tag) == 16
    assert Vault([NEW, OLD]).is_token("card", "K1", tag)
    for vault, label, value, given in (
        (Vault([NEW]), "card", "K1", tag), (Vault([OLD]), "media", "K1", tag), (Vault([OLD]), "card", "K2", tag),
        (Vault([OLD]), "card", "K1", ""), (Vault([OLD]), "card", "K1", "ção\ud800"),
    ):  # fmt: skip
        assert not vault.is_token(label, value, given)
