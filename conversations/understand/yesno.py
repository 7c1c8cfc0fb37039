"""Yes and no, in the many Brazilian ways. What is not clearly one of them is neither: consent hangs on it."""

from __future__ import annotations

import re

from conversations.understand.words import plain


def _collapse(text: str) -> str:
    """Runs of one letter as a single one, so that "siiim" and "sim", "isso" and "iso" meet."""
    return re.sub(r"(.)\1+", r"\1", text)


def _set(words: str) -> frozenset[str]:
    return frozenset(_collapse(word) for word in words.split())


_YES = _set("sim s ss sm yes yep yeah y si sin aceito concordo autorizo confirmo quero desejo topo")
_NO = _set("nao n nn no nop nope nem nunca jamais negativo naum num nah recuso discordo errado incorreto nada")
_MILD = _set(
    "claro ok okay okey certo certinho correto corretissimo exato exatamente isso beleza blz bele "
    "perfeito pode podemos otimo positivo confirmado confirma combinado fechado fechou mandar crer "
    "confirmo gostei bora vamos logico obvio obviamente show joia uhum aham tenho gostaria preciso "
    "precisa lembro sei posso certeza possuo tem autoriza vou sera aceita topa manda continuar continua "
    "seguir prosseguir ta bom bem boa"
)
_FILLER = _set(
    "e eh a o eu que com de por favor pfv pf mesmo ai ja ser esta muito mais obrigado obrigada obg vlw "
    "valeu brigado kkk rs rsrs haha tudo ver moco moca senhor senhora amigo amiga agora fazer favor entao "
    "ne uai pois uma la ate acho disso os as termos condicoes li"
)
_ALONE = {
    _collapse(phrase): True for phrase in ("e", "eh", "e isso", "e isso ai", "pois e", "ta", "ta bom", "tudo bem")
}
_ALONE |= {_collapse(phrase): False for phrase in ("de jeito nenhum", "nem pensar", "de forma alguma", "deus me livre")}
_SMOOTH = re.compile(r"\b(?:nao tem problema|sem problemas?|sem duvidas?|nao ha problema|por mim tudo bem)\b")
_UNSURE = re.compile(
    r"\b(?:(?:nao|n|nem|num) (?:sei|lembro|tenho certeza|entendi|faco ideia|recebi|consigo)|sei la|talvez|depende|"
    r"mas|porem|duvidas?|quem sabe|mais ou menos|depois|por que|porque|pq)\b"
)
_REFUSAL = re.compile(r"(?:eu )?(?:nao|n) (?:quero|preciso|aceito|concordo|autorizo|desejo|gostaria)\b")
_UP = frozenset("👍👌✅✔☑🆗🙌👏🤝💯🙆")
_DOWN = frozenset("👎❌✖🚫⛔🙅❎")


def parse_yesno(text: str) -> bool | None:
    """True for yes, False for no, None for anything unclear (unknown words, both at once, a question, "sim, mas…")."""
    said = plain(text[:200])
    if len(text) > 200 or "?" in text or _UNSURE.search(said):
        return None
    signs = {answer for answer, group in ((True, _UP), (False, _DOWN)) if any(char in group for char in text)}
    if said:
        return _agree(_words(said), signs)
    return signs.pop() if len(signs) == 1 else None


def _agree(answer: bool | None, signs: set[bool]) -> bool | None:
    """An emoji may underline the words, not contradict them."""
    return answer if answer is not None and not signs - {answer} else None


def _words(said: str) -> bool | None:
    smooth = _SMOOTH.sub("ok", said)
    collapsed = _collapse(smooth)
    if collapsed in _ALONE:
        return _ALONE[collapsed]
    words = set(collapsed.split())
    if words <= _YES | _NO | _MILD | _FILLER:
        return _weigh(words)
    refused = _REFUSAL.match(smooth) and not words & ((_YES | _MILD) - _REFUSED_VERBS - _set("isso"))
    return False if refused else None


_REFUSED_VERBS = _set("quero preciso aceito concordo autorizo desejo gostaria")


def _weigh(words: set[str]) -> bool | None:
    """A plain "sim" beside a "não" is unclear; "claro que não", "não quero", "certeza que não" are a no."""
    if words & _NO:
        return None if words & _STRONG else False
    return True if words & (_YES | _MILD) - _WEAK else None


_STRONG = _set("sim s ss sm yes yep yeah y si sin")
_WEAK = _set("bem bom boa tem sera sei")
"""Words that do not mean yes by themselves."""
