from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.yesno import parse_yesno

YES = (
    "s|S|sim|Simmm|ss|siiim|claro|Claro!|isso|isso mesmo|isso aí|é|é isso|pode ser|pode|pode sim|ok|okay|"
    "tá bom|beleza|blz|com certeza|quero|quero sim|sim, quero|sim por favor|aceito|concordo|autorizo|"
    "li e aceito|aceito os termos|confirmo|correto|tudo certo|exatamente|perfeito|bora|vamos|uhum|aham|"
    "positivo|acho que sim|sem problemas|não tem problema|yes|👍|👍🏽|✅|Sim ✅|👌"
)
NO = (
    "n|N|não|nao|naooo|nn|nop|nunca|negativo|não quero|não, obrigado|não precisa|não aceito|não concordo|não autorizo|"
    "não confirmo|claro que não|com certeza não|de jeito nenhum|nem pensar|está errado|não está certo|nada disso|"
    "não quero pagar isso|não autorizo o uso dos meus dados|no|❌|👎|👎🏿|não 👎"
)
UNCLEAR = (
    "|oi|bom dia|obrigado|talvez|depende|não sei|n sei|não entendi|sim e não|sim, não|sim mas quero mudar|por que não|"
    "sim?|posso pensar depois|👍👎|sim 👎|não 👍|kkk|😊|12|quem sabe|sim, meu endereço mudou"
)


@pytest.mark.parametrize("typed", YES.split("|"))
def test_yes(typed: str) -> None:
    assert parse_yesno(typed) is True


@pytest.mark.parametrize("typed", NO.split("|"))
def test_no(typed: str) -> None:
    assert parse_yesno(typed) is False


@pytest.mark.parametrize("typed", UNCLEAR.split("|"))
def test_neither(typed: str) -> None:
    assert parse_yesno(typed) is None


@given(st.text() | st.lists(st.sampled_from(["sim", "não", "claro", "quero", "👍", "mas"]), max_size=8).map(" ".join))
def test_any_text_has_an_answer(text: str) -> None:
    assert parse_yesno(text) in {True, False, None}


@given(
    st.lists(st.sampled_from(["claro", "quero", "aceito", "ok", "isso", "pode", "certeza"]), max_size=8).map(" ".join)
)
def test_a_no_is_never_heard_as_a_yes(text: str) -> None:
    assert parse_yesno(f"não {text}") is False
    assert parse_yesno(f"{text} não") is False
