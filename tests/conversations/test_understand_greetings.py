from __future__ import annotations

import pytest

from conversations.understand.greetings import courtesy, greeting


@pytest.mark.parametrize("said", ["oi", "Olá!", "bom dia", "oi, tudo bem?", "Boa noite 😊"])
def test_hellos(said: str) -> None:
    assert greeting(said)


@pytest.mark.parametrize("said", ["", "oi, quanto custa?", "Maria", "bom"])
def test_no_hellos(said: str) -> None:
    assert not greeting(said)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("obrigada", "thanks"),
        ("Muito obrigado!!", "thanks"),
        ("valeu!", "thanks"),
        ("ok, obrigada pela ajuda", "thanks"),
        ("obg 🙏", "thanks"),
        ("🙏", "thanks"),
        ("❤️", "thanks"),
        ("blz", "okay"),
        ("Ok", "okay"),
        ("tá bom", "okay"),
        ("👍🏽", "okay"),
        ("", None),
        ("🤔", None),
        ("🙂", None),
        ("não, obrigada", None),
        ("obrigada, mas quero o outro plano", None),
        ("Maria Valeu", None),
        ("Rua Boa Beleza", None),
        ("muito", None),
        ("bom", None),
    ],
)
def test_courtesies(said: str, kind: str | None) -> None:
    assert courtesy(said) == kind
