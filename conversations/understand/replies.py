"""Short answers to any question: yes, no, and not knowing."""

from __future__ import annotations

import re
from typing import Literal

from conversations.understand.words import plain

Answer = Literal["yes", "no"]

_POLITE = r"por favor|pf|pfv|pfvr|por gentileza|obrigad[oa]|brigad[oa]|obg|valeu"
_SURE = (
    r"si+m+|s{1,3}|isso|isso (?:ai|mesmo)|ok|okay|blz|beleza|pode|pode ser|claro|claro que sim|quero|aham|ahan|uhum|"
    r"com certeza|certeza|exato|exatamente|correto|certo|positivo|tudo bem|(?:ta|esta) (?:bom|bem|certo|ok)|bora|vamos"
)
_WANTED = (
    r"eu|mesmo|(?:cancelar?|enviar?|envie|mandar?|mande|gerar?|gere|corrig(?:ir|e)|corrija)"
    r"(?: (?:ai|um|o|novo|outro|codigo|pix|cadastro|tudo|agora))*"
)
_NOT = (
    r"na+o+|n{1,2}|nem|negativo|nunca|(?:eu |agora |agr |hoje |ainda |melhor |acho que |claro que |por enquanto |"
    r"de jeito )(?:nao|nenhum|n)"
)
_REFUSED = (
    r"nao|n|nem|agora|agr|hoje|ainda|mesmo|eu|por enquanto|precisa|quero|autorizo|pode|de jeito nenhum|"
    r"(?:quero|precisa) (?:cancelar|enviar|mandar|gerar)(?: (?:o |meu )?(?:nada|cadastro|codigo|pix))?"
)
_YES = re.compile(rf"(?:eu )?(?:{_SURE})(?: (?:{_SURE}|{_WANTED}|{_POLITE}))*")
_NO = re.compile(rf"(?:{_NOT})(?: (?:{_REFUSED}|{_POLITE}))*")
_UNKNOWN = re.compile(
    r"(?:(?:eu|ele|ela|ainda) )*(?:(?:nao|n|nem) (?:sei|lembro|me lembro|recordo|conheco|tenho|faco ideia|"
    r"faco a menor ideia|tem|possui)|esqueci|desconheco|sei la|sem|nao me recordo|nem ideia|nao possuo)"
    r"(?: (?:informar|dizer|de cor|agora|ainda|aqui|comigo|em maos|no momento|qual e|qual|o|a|meu|minha|esse|essa|cep|"
    r"cpf|nome|d[ao]|rua|bairro|cidade|de cabeca|disso|certo))*"
)


def yes_or_no(text: str) -> Answer | None:
    """What the whole message answers, if it is nothing but a yes or a no; a question is neither."""
    if len(text) > 80 or "?" in text:
        return None
    said = plain(text)
    if _NO.fullmatch(said):
        return "no"
    return "yes" if _YES.fullmatch(said) else None


def unknown(text: str) -> bool:
    """Whether the person says that they don't know or have what was asked ("não sei", "sem cep", "não tem")."""
    said = plain(text[:200])
    return said != "sem" and _UNKNOWN.fullmatch(said) is not None


_GO_ON = frozenset({"continuar", "continua", "continuamos", "quero continuar", "vamos continuar", "bora continuar"})
_LATER = frozenset(
    {"depois", "mais tarde", "outra hora", "amanha", "depois eu vejo", "depois eu continuo", "agora nao da"}
)


def to_go_on(text: str) -> Answer | None:
    """The same for "shall we go on?"."""
    said = plain(text[:80])
    if said in _GO_ON:
        return "yes"
    return "no" if said in _LATER else yes_or_no(text)
