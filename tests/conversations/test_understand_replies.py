from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.replies import unknown, yes_or_no


@pytest.mark.parametrize(
    "typed",
    [
        "sim",
        "Sim!",
        "s",
        "ss",
        "siiim",
        "isso",
        "Isso mesmo",
        "ok",
        "blz",
        "beleza",
        "pode",
        "pode sim",
        "pode ser",
        "claro",
        "quero",
        "eu quero sim",
        "aham",
        "uhum",
        "com certeza",
        "sim, por favor",
        "sim, pode enviar",
        "ok, pode gerar",
        "sim, quero cancelar",
        "tá bom",
        "tudo bem",
    ],
)
def test_yes(typed: str) -> None:
    assert yes_or_no(typed) == "yes"


@pytest.mark.parametrize(
    "typed",
    [
        "não",
        "Nao.",
        "n",
        "nn",
        "nãão",
        "agora não",
        "nem",
        "não quero",
        "não quero cancelar",
        "não, obrigado",
        "não autorizo",
        "não precisa",
        "hoje não",
        "ainda não",
        "melhor não",
        "claro que não",
        "de jeito nenhum",
        "por enquanto não",
        "eu não quero",
        "agr n",
    ],
)
def test_no(typed: str) -> None:
    assert yes_or_no(typed) == "no"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "?",
        "sim?",
        "talvez",
        "sim e não",
        "não sei",
        "não entendi",
        "não chegou",
        "não tem",
        "não quero mais",
        "não quero continuar",
        "não, pode cancelar",
        "não, é ana@hotmail.com",
        "sim, 120 apto 34",
        "ok mas antes quero saber o preço",
        "pode me explicar",
        "quero falar com alguém",
        "quanto custa",
        "Simone",
        "Claro da Silva",
        "N 45",
        "s/n",
        "Isso não",
        "sim " * 100,
    ],
)
def test_neither(typed: str) -> None:
    assert yes_or_no(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "não sei",
        "Nao sei!",
        "n sei",
        "não sei meu CEP",
        "não lembro o cep",
        "sem cep",
        "esqueci",
        "não tenho",
        "sei lá",
        "não sei de cor",
        "não sei o nome da rua",
        "não tem",
        "ainda não tem",
        "ele não tem CPF",
        "não tenho aqui comigo",
    ],
)
def test_not_knowing(typed: str) -> None:
    assert unknown(typed)


@pytest.mark.parametrize(
    "typed", ["", "01001-000", "sim", "não", "sei", "sem", "Rua que não sei o nome", "não tem número, casa azul"]
)
def test_knowing(typed: str) -> None:
    assert not unknown(typed)


@given(st.text() | st.text("simnãoquer .,?"))
def test_any_text_has_an_answer(text: str) -> None:
    assert yes_or_no(text) in {"yes", "no", None}
    assert unknown(text) in {True, False}
