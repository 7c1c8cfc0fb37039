from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.words import ascii_digits, clean, command, plain, strip_accents, title_case


def test_strip_accents() -> None:
    assert strip_accents("Ação, pingüim, 2ª") == "Acao, pinguim, 2a"


def test_plain() -> None:
    assert plain("  Não, OBRIGADO!! 😊\n(2️⃣)") == "nao obrigado 2"


def test_clean_keeps_accents_and_drops_the_invisible() -> None:
    assert clean("Joa\u0303o\u200b \x00da\nSilva\ud800") == "João da Silva"


def test_ascii_digits() -> None:
    assert ascii_digits("１２ – 3️⃣\u00a0٤, 2º") == "12 - 3 4, 2º"


@pytest.mark.parametrize(
    ("typed", "name"),
    [("são JOSÉ dos campos", "São José dos Campos"), ("DE SOUZA", "De Souza"), ("joão xxiii", "João XXIII"), ("", "")],
)
def test_title_case(typed: str, name: str) -> None:
    assert title_case(typed) == name


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("menu", "menu"),
        ("Menu!", "menu"),
        ("Início", "menu"),
        ("voltar ao menu", "menu"),
        ("VOLTAR", "back"),
        ("voltar 👈", "back"),
        ("cancelar", "cancel"),
        ("quero cancelar", "cancel"),
        ("desisto", "cancel"),
        ("atendente", "human"),
        ("falar com atendente", "human"),
        ("falar com um atendente", "human"),
        ("quero falar com uma pessoa, por favor", "human"),
        ("falar com humano", "human"),
        ("ajuda", "help"),
        ("preciso de ajuda", "help"),
        ("parar", "stop"),
        ("sair", "stop"),
        ("Não me lembre mais", "stop"),
        ("Falar com a equipe", "human"),
        ("quero falar com a equipe", "human"),
        ("oi, quero falar com vocês", "human"),
        ("preciso falar com alguém", "human"),
        ("preciso de um humano", "human"),
        ("chama a equipe", "human"),
        ("me liga", "human"),
        ("Tenho uma dúvida", "human"),
        ("Continuar", "resume"),
        ("quero cancelar meu plano", "cancel"),
        ("cancelar plano", "cancel"),
        ("cancelar assinatura", "cancel"),
        ("cancela meu cartão", "cancel"),
        ("quero cancelar o meu cadastro", "cancel"),
        ("apagar meu cadastro", "cancel"),
        ("apagar meus dados", "privacy"),
        ("quero apagar os meus dados", "privacy"),
        ("excluir minha conta", "privacy"),
        ("corrigir meus dados", "privacy"),
        ("quero ver as minhas informações", "privacy"),
        ("quais dados vocês têm de mim?", "privacy"),
        ("o que vocês sabem sobre mim?", "privacy"),
        ("não autorizo mais meus dados de saúde", "privacy"),
        ("não autorizo mais o uso dos meus dados", "privacy"),
        ("LGPD", "privacy"),
        ("quanto custa?", "plans"),
        ("oi, quanto custa o plano?", "plans"),
        ("oi, tudo bem? queria saber quanto custa esse cartão", "plans"),
        ("quanto custa por mês?", "plans"),
        ("qual o preço?", "plans"),
        ("Qual é o valor da mensalidade?", "plans"),
        ("quanto eu pago?", "plans"),
        ("valores", "plans"),
        ("mensalidade", "plans"),
        ("Conhecer os planos", "plans"),
        ("quais são os planos", "plans"),
        ("", None),
        ("por favor", None),
        ("quero", None),
        ("Maria Ajuda da Silva", None),
        ("não quero voltar", None),
        ("como faço para cancelar o plano da minha mãe", None),
        ("rua do atendente", None),
        ("Pará", None),
        ("Rua do Valor", None),
        ("Rua da Equipe, 10", None),
        ("Avenida Planos Altos", None),
        ("Maria Valor da Conta", None),
        ("Ana Privacidade Dados", None),
        ("cancelador", None),
        ("cancelador de contas", None),
        ("analista de dados", None),
        ("analista de planos", None),
        ("quero ver informações", None),
        ("trabalho com atendimento e suporte", None),
        ("Rua das Mensalidades", None),
        ("vendedora de planos", None),
        ("consultor de privacidade", None),
        ("corretor de valores", None),
        ("gerente de equipe", None),
        ("não autorizo", None),
        ("valor@exemplo.com", None),
        ("não quero falar com a equipe", None),
        ("menu " * 100, None),
    ],
)
def test_commands(typed: str, expected: str | None) -> None:
    assert command(typed) == expected


@given(st.text())
def test_plain_is_stable(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert once == once.strip()


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    clean(text).encode()
    strip_accents(text)
    title_case(text)
    assert command(text + " xyz") is None


@given(st.text(min_size=1), st.sampled_from(["menu", "voltar", "ajuda", "atendente"]))
def test_a_command_is_the_whole_message(text: str, word: str) -> None:
    said = f"xyz {text} {word}"
    assert command(said) is None
