"""The words: every key that code uses exists, every text is used, each says itself with what its callers give it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, FluentSerializer
from fluent.syntax import ast as fluent

from conversations.catalogue import Catalogue, MissingText, money, portuguese
from conversations.dialogues.all import dialogues
from conversations.engine import SILENT_KINDS
from conversations.said import Kind
from conversations.understand.choices import match

FILES = sorted(Path("conversations/texts/pt-BR").glob("*.ftl"))
BODY = 1024
BUTTON, ROW = 20, 24

# Variables with usual and with the longest plausible values, by name; numbers are tried as 0, 1 and many.
WORDS = {
    "name": "Ana", "business": "Clube de Benefícios Exemplo", "plan": "Família Premium",
    "greeting": "Saúde e descontos. " * 8, "discount": "20%",
    "price": "R$ 1.234,56", "cycle": "por trimestre", "description": "Tudo para a família toda, sem carência.",
    "email": "a•••@example.com", "typed": "ana.exemplo@gmial.com", "suggestion": "ana.exemplo@gmail.com",
    "misfit": "O plano *Individual* é só para uma pessoa.", "amount": "R$ 110,00", "until": "23/11 14:30",
    "missing": "R$ 10,00", "summary": "• Dura um ano e renova por mais um.\n" * 5, "fingerprint": "0a1b2c3d",
    "number": "CT-00000001",
    "card_url": "https://example.com/cards/" + "a" * 50, "share_url": "https://wa.me/?text=" + "a" * 80,
    "recipient": "a•••@example.com", "channel": "e-mail", "dependent": "Maria", "street": "Rua das Flores",
    "neighborhood": "Centro", "city": "São Paulo", "state": "SP", "relationship": "Filho(a)", "age": "7 anos",
    "date": "31/02/1990", "code": "123456", "link": "https://wa.me/5511987654321",
    "prices": "Plano: R$ 69,90 por mês\n" * 3,
    "benefits": "✔️ *Consultas*: com hora marcada\n" * 6, "due_now": "R$ 110,00", "terms_url": "https://example.com/termos",
    "privacy_url": "https://example.com/privacidade", "text": "Usamos seus dados de saúde para o seu plano. " * 8,
    "first_name": "Ana", "paid": "yes", "reason": "privacy",
    "kind": "pix_awaiting_staff", "lines": "• Maria Exemplo, Filho(a), 7 anos\n" * 5,
}  # fmt: skip
NUMBERS = ("step", "steps", "left", "limit", "count", "minimum", "most", "least", "days", "tries", "seconds", "minutes",
           "years", "months")  # fmt: skip


def entries() -> Iterator[tuple[str, fluent.EntryType]]:
    for file in FILES:
        for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body:
            yield file.name, entry


MESSAGES = {entry.id.name: entry for _, entry in entries() if isinstance(entry, fluent.Message)}
every_text = pytest.mark.parametrize("key", MESSAGES)


def code() -> str:
    """All source code that may name a text."""
    rooms = ("conversations", "handlers", "scheduler", "bot")
    return "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in Path(room).rglob("*.py"))


CODE = code()


def variables(key: str) -> set[str]:
    """Those of the messages it quotes, too."""
    entry = FluentSerializer().serialize_entry(MESSAGES[key])
    own = set(re.findall(r"\$(\w+)", entry))
    return own.union(*(variables(quoted) for quoted in re.findall(r"\{ ([a-z][\w-]+) \}", entry)))


def filled(names: set[str], number: int, *, empty: bool = False) -> dict[str, str | int]:
    plain = {name.removeprefix("has_") for name in names}
    unknown = plain - set(WORDS) - set(NUMBERS)
    assert not unknown, f"what is {unknown}? Give it a value above"
    return {
        name: number if name in NUMBERS else "" if empty and f"has_{name}" in names else WORDS[name] for name in plain
    }


# --- The files ------------------------------------------------------------------------------------------------------


def test_nothing_in_the_files_is_misread() -> None:
    junk = [(file, entry.content) for file, entry in entries() if isinstance(entry, fluent.Junk)]
    assert junk == []


def test_every_key_is_written_once() -> None:
    keys = [entry.id.name for _, entry in entries() if isinstance(entry, fluent.Message)]
    assert sorted(keys) == sorted(set(keys))


@every_text
def test_every_text_says_itself(key: str) -> None:
    for number, empty in product((0, 1, 7), (False, True)):
        text = portuguese().say(key, **filled(variables(key), number, empty=empty))
        assert text.strip()
        assert not re.search("[\u2066-\u2069]", text)
        assert "{" not in text
        assert len(text) <= BODY


@every_text
def test_every_label_fits_where_it_is_shown(key: str) -> None:
    """Buttons show 20 characters; what is longer becomes a list, whose rows show 24."""
    if "-option-" in key or "-button-" in key or key.startswith(("gender-", "marital-", "relationship-")):
        assert len(portuguese().say(key)) <= ROW


@pytest.mark.parametrize(
    "key", ["engine-button-human", "engine-button-menu", "engine-button-resume", "engine-button-stop",
            "engine-list-label", "engine-more-label", "signup-plan-list", "checkout-option-sign",
            "signup-option-agree"],
)  # fmt: skip
def test_labels_of_buttons_are_never_cut(key: str) -> None:
    assert len(portuguese().say(key)) <= BUTTON


# --- The code -------------------------------------------------------------------------------------------------------


def named() -> set[str]:
    """Keys that stand in the code as they are."""
    return {key for key in MESSAGES if re.search(rf"""["'`]{re.escape(key)}["'`]""", CODE)}


def made() -> set[str]:
    """Keys that are made from states, codes and values which exist."""
    scenes = dialogues()
    places = [f"{scene.name}-{state}" for scene in scenes for state in scene.states]
    keys = {*places, *(f"{place}-{end}" for place in places for end in ("help", "wait"))}
    keys |= {f"error-{bad.replace('.', '-')}" for bad in errors()}
    keys |= {f"error-kind-{kind.value}" for kind in Kind}
    asked = set(re.findall(r'Ask\(\s*"([\w-]+)"', CODE)) | set(places)
    words = set(re.findall(r'"(\w+)"', CODE))
    patterns = set(re.findall(r'f"([\w-]+-)\{', CODE))
    keys |= {f"{prefix}{word}" for prefix in patterns for word in words if f"{prefix}{word}" in MESSAGES}
    keys |= {f"{prefix}{count}" for prefix in patterns for count in (1, 2)}
    keys |= {f"{key}-again" for key in asked | keys | named()}
    purposes = ("code-identity", "code-signature", "code-recovery", "human-called", "notice")
    keys |= {f"mail-{one}-{part}" for one in purposes for part in ("subject", "body")}
    return keys | {f"sms-{one}" for one in purposes}


def errors() -> set[str]:
    """Codes of every reason for which an answer is not understood."""
    parsers = "".join(path.read_text(encoding="utf-8") for path in Path("conversations/understand").glob("*.py"))
    parsed = set(re.findall(r'"((?:name|cpf|date|address|email|cep)\.[a-z]+)"', parsers))
    return parsed | set(re.findall(r'(?:Bad|Unclear)\(\s*"([\w.-]+)"', CODE))


def test_every_text_is_used() -> None:
    assert set(MESSAGES) - named() - made() == set()


def test_every_reason_not_to_understand_is_worded() -> None:
    assert len(errors()) > 20
    assert {code for code in errors() if not portuguese().has(f"error-{code.replace('.', '-')}")} == set()


def test_every_kind_of_message_that_is_answered_is_worded() -> None:
    answered = set(Kind) - SILENT_KINDS - {Kind.TEXT, Kind.CHOICE}
    assert {kind for kind in answered if not portuguese().has(f"error-kind-{kind.value}")} == set()


def test_every_text_that_code_names_exists() -> None:
    asked = set(re.findall(r'(?:_say|\bsay|\.text|Ask)\(\s*"([a-z][\w-]+)"', CODE))
    asked |= set(re.findall(r'note(?:=|\(turn, )"([a-z][\w-]+)"', CODE))
    asked |= set(re.findall(r'Outcome\([^)]*note="([\w-]+)"', CODE))
    assert len(asked) > 60
    assert {key for key in asked if not portuguese().has(key)} == set()


def test_every_letter_is_worded() -> None:
    kinds = set(re.findall(r'"template": "([\w-]+)"', CODE)) | {"code-identity", "code-signature", "code-recovery"}
    letters = {kind for kind in kinds if portuguese().has(f"mail-{kind}-subject")}
    assert {"code-identity", "code-signature", "code-recovery"} <= letters
    assert all(portuguese().has(f"mail-{kind}-body") for kind in letters)


# --- Words heard in the place of labels -----------------------------------------------------------------------------


LISTS = [
    [key for key in MESSAGES if key.startswith(prefix)] + more
    for prefix, more in (
        ("gender-", ["signup-option-skip"]),
        ("marital-", ["signup-option-skip"]),
        ("relationship-", []),
        ("verification-option-", ["engine-button-human"]),
        ("address-option-", []),
        ("dependents-option-nobody_else", ["dependents-option-remove"]),
    )
]


@pytest.mark.parametrize("keys", LISTS, ids=lambda keys: keys[0])
def test_what_is_heard_means_one_answer_of_its_question(keys: list[str]) -> None:
    say = portuguese()
    labels = [(key, say.say(key)) for key in keys]
    heard = [(key, words) for key in keys for words in say.heard(key)]
    assert heard
    assert [(match(words, labels, heard), words) for _, words in heard] == heard


def test_what_is_heard_stands_under_answers_that_listen() -> None:
    """Labels of answers made by `option`: a bare `Choice` would have them in vain."""
    bare = tuple(re.findall(r'Choice\([^)]*?_say\(f?"([\w-]+)', CODE))
    listed = [key for key in MESSAGES if portuguese().heard(key)]
    assert len(bare) > 10
    assert len(listed) > 15
    assert [key for key in listed if key.startswith(bare)] == []


def test_a_label_without_other_words() -> None:
    assert portuguese().heard("checkout-option-sign") == ()


# --- The catalogue --------------------------------------------------------------------------------------------------


def test_a_dot_stands_for_a_dash() -> None:
    assert portuguese().say("error.choice") == portuguese().say("error-choice")


def test_a_missing_text_is_a_bug() -> None:
    with pytest.raises(MissingText, match="no-such-text"):
        portuguese().say("no-such-text")


def test_a_missing_variable_is_a_bug() -> None:
    with pytest.raises(MissingText, match="signup-minor"):
        portuguese().say("signup-minor")


def test_an_unknown_language_has_no_words() -> None:
    assert not Catalogue("tlh").has("menu-stranger")


@pytest.mark.parametrize(
    ("centavos", "text"),
    [
        (0, "R$\u00a00,00"),
        (5, "R$\u00a00,05"),
        (6990, "R$\u00a069,90"),
        (123456789, "R$\u00a01.234.567,89"),
        (-150, "-R$\u00a01,50"),
    ],
)
def test_money(centavos: int, text: str) -> None:
    assert money(centavos) == text
