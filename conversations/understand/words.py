"""Plain words: comparing, cleaning and capitalising typed text, and the commands understood anywhere."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

PARTICLES = frozenset({"de", "da", "do", "das", "dos", "e"})
"""Words that Portuguese names keep in lower case."""

_ROMAN = frozenset({"ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii", "xiii", "xv", "xxiii"})
_FOREIGN = frozenset({"van", "von", "der", "den", "di", "del", "della", "du", "la", "y"})

Command = Literal["menu", "resume", "back", "cancel", "human", "help", "stop", "privacy", "plans"]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a list written as one string."""
    return tuple(text.split())


def strip_accents(text: str) -> str:
    """The same text without accents, cedillas and other marks; compatibility forms (`ª`, `２`) become plain ones."""
    if text.isascii():
        return text
    marked = unicodedata.normalize("NFKD", text)
    return "".join(char for char in marked if not unicodedata.category(char).startswith("M"))


def plain(text: str) -> str:
    """Text for comparison: no case, accents, punctuation or emoji, single spaces. `plain(plain(x)) == plain(x)`."""
    folded = strip_accents(strip_accents(text.casefold()).casefold())
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def clean(text: str) -> str:
    """One line to keep: composed accents, no control or invisible characters, no lone surrogates, single spaces."""
    composed = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(char) in _BREAKS else char for char in composed if char not in _INVISIBLE)
    return " ".join("".join(kept).split())


_BREAKS = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff")


def without_emoji(text: str) -> str:
    """Drop symbols that are not letters, digits or punctuation."""
    return " ".join("".join(" " if _is_emoji(char) else char for char in text).split())


def _is_emoji(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk", "Cn", "Me"} and char not in "´`°^¨"


def ascii_digits(text: str) -> str:
    """Digits of any script (full-width, keycap emoji) as 0-9, every dash as a hyphen, every space as a plain one."""
    return text if text.isascii() else "".join(_simple(char) for char in text)


def _simple(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in {"Me", "Cf"} or char == "\ufe0f":
        return ""
    return _SIMPLE.get("Pd" if char == "\u2212" else category, char)


_SIMPLE = {"Pd": "-", "Zs": " "}


def has_link(text: str) -> bool:
    """Whether a web or e-mail address is in the text, so that it is no name, street or city."""
    return _LINK.search(text) is not None


_LINK = re.compile(r"https?:|www\.|@|\w\.(?:com|net|org|br|io|app|me)\b", re.IGNORECASE)


def title_case(text: str) -> str:
    """Capitals as in a Brazilian document: `JOÃO DA SILVA` becomes `João da Silva`.

    What was typed with care is kept (`McDonald`, `van` in `Ludwig van Beethoven`).
    """
    words = text.split()
    careful = any(char.isupper() for char in text) and any(char.islower() for char in text)
    return " ".join(_title_word(word, index == 0, careful) for index, word in enumerate(words))


def _title_word(word: str, first: bool, careful: bool) -> str:
    low = word.lower()
    if not first and low in PARTICLES:
        return low
    if low in _ROMAN:
        return low.upper()
    if careful and not first and word in _FOREIGN:
        return word
    kept = careful and word[0].isupper() and any(char.islower() for char in word)
    return "".join(_capital(part) for part in re.split("(['-])", word if kept else low))


def _capital(part: str) -> str:
    return part[:1].title() + part[1:]


_PHRASES: dict[Command, str] = {
    "menu": (
        "menu|o menu|menu principal|menu inicial|inicio|o inicio|voltar ao menu|voltar para o menu|"
        "voltar pro menu|ir para o menu|ver o menu|ver menu|voltar ao inicio|voltar para o inicio|"
        "voltar pro inicio|abrir menu|home"
    ),
    "resume": ("continuar|continuar cadastro|continuar o cadastro|continuar meu cadastro"),
    "back": ("voltar|volta|volte|voltar atras|voltar uma|voltar um passo|passo anterior|anterior|retornar"),
    "cancel": ("cancelar|cancela|cancele|cancelar tudo|cancela tudo|desistir|desisto|deixa pra la|deixa para la"),
    "human": (
        "atendente|um atendente|uma atendente|atendente humano|atendimento humano|humano|um humano|de um humano|"
        "de um atendente|de uma atendente|atendimento|suporte|pessoa de verdade|uma pessoa de verdade|"
        "alguem da equipe|me liga|me ligue|me liguem|me ligar|liga pra mim|ligue para mim|"
        "tenho uma duvida|tenho duvida|tenho duvidas"
    ),
    "help": ("ajuda|me ajuda|me ajude|uma ajuda|preciso de ajuda|socorro|help|como funciona"),
    "stop": (
        "parar|pare|stop|sair|parar mensagens|parar as mensagens|parar de receber|"
        "parar de receber mensagens|descadastrar|remover meu numero|nao quero mais mensagens|"
        "nao me mande mensagens|nao quero receber mensagens|nao me lembre mais"
    ),
}
_COMMANDS: dict[str, Command] = {
    phrase: command for command, phrases in _PHRASES.items() for phrase in phrases.split("|")
}
_MY = "(?:(?:o|a|os|as|meu|minha|meus|minhas|esse|este|essa|esta|do|da|dos|das|de|todos|todas) )*"
_YOU = "(?:voce|voces|vc|vcs)"
_STAFF = (
    f"(?:(?:a|o|um|uma|alguem d[ae]|algum|alguma|pessoal d[ae]) )*(?:equipe|time|{_YOU}|alguem|humano|pessoa|gente|"
    "atendente|atendimento|suporte|responsavel|pessoal)(?: (?:da equipe|do time|de verdade|do suporte|ai|agora))?"
)
_PRICE = "(?:preco|precos|valor|valores|custo|custos|mensalidade|mensalidades|taxa|anuidade)"
_SOLD = "(?:plano|planos|mensalidade|cartao|carteirinha|assinatura|adesao)"
_WAYS: dict[Command, tuple[str, ...]] = {
    "cancel": (
        f"(?:cancelar|cancela|cancele|o cancelamento|cancelamento|encerrar|encerra|encerre) {_MY}"
        "(?:plano|planos|assinatura|cartao|carteirinha|cadastro|conta|contrato|inscricao|adesao)",
        f"(?:apagar|apaga|apague|excluir|exclui|exclua|deletar|remover) {_MY}cadastro",
    ),
    "human": (
        f"(?:falar|conversar|falo|converso) com {_STAFF}",
        f"(?:chamar|chama|chame|chamem) {_STAFF}",
    ),
    "privacy": (
        f"{_MY}(?:lgpd|privacidade|dados pessoais|meus dados)",
        "politica de privacidade",
        f"(?:apagar|apaga|apague|excluir|exclui|exclua|deletar|delete|remover|remova|eliminar|corrigir|corrija|"
        f"alterar|altere|atualizar|mudar|ver|acessar|saber|baixar|exportar) {_MY}"
        "(?:dados|dados pessoais|dados de saude|minhas informacoes)",
        f"(?:apagar|apaga|apague|excluir|exclui|exclua|deletar|delete|remover|remova|eliminar) {_MY}conta",
        f"(?:que|quais)(?: sao)? {_MY}(?:dados|informacoes)(?: meus)?(?: que)? {_YOU} "
        "(?:tem|guardam|guarda|possuem|coletam|coletaram|sabem)(?: (?:de mim|sobre mim|meus))?",
        f"o que {_YOU} (?:sabem|tem|guardam|guarda) (?:de|sobre) mim",
        f"nao autorizo mais (?:o uso )?{_MY}dados(?: pessoais| de saude)?",
        f"(?:retirar|retiro|revogar|revogo) {_MY}(?:consentimento|autorizacao)",
    ),
    "plans": (
        "(?:saber )?quanto (?:que )?(?:e|eh|custa|custam|fica|sai|ta|esta|seria|custaria|pago|eu pago|vou pagar|"
        f"tenho que pagar)(?: (?:(?:o|os|a|as|um|cada|esse|este|essa) )?{_SOLD})?(?: por mes)?",
        f"(?:(?:qual|quais)(?: e| sao| seria)? |saber |ver |me passa |tabela de )?(?:(?:o|os|a|as) )?{_PRICE}"
        f"(?: (?:d[aeo]s? )?{_SOLD})?",
        "(?:(?:ver|conhecer|saber|mostrar|mostra|quais(?: sao)?|que) )?(?:(?:os|seus|sobre os|dos) )*planos"
        "(?: (?:voces tem|tem|disponiveis))?",
    ),
}
_PATTERNS = {command: re.compile("|".join(ways)) for command, ways in _WAYS.items()}
_OPENING = re.compile(
    r"^(?:oi|ola|tudo bem|bom dia|boa tarde|boa noite|por favor|pf|pfv|eu|quero|queria|gostaria de|preciso|posso|"
    r"pode|podem|poderia|consigo|como(?: eu)? faco (?:para|pra)|como)\s+(?=\S)"
)
_CLOSING = re.compile(r"\s+(?:por favor|por gentileza|pf|pfv|pfvr|obrigado|obrigada)$")


def command(text: str) -> Command | None:
    """The command this whole message is, if it is one; never a word inside a longer sentence.

    Only a hello, "quero…", "por favor" and the like may stand around it.
    """
    if len(text) > 80:
        return None
    phrase = _CLOSING.sub("", plain(text))
    while (found := _commanded(phrase)) is None and (opening := _OPENING.match(phrase)):
        phrase = phrase[opening.end() :]
    return found


def _commanded(phrase: str) -> Command | None:
    if phrase in _COMMANDS:
        return _COMMANDS[phrase]
    return next((command for command, pattern in _PATTERNS.items() if pattern.fullmatch(phrase)), None)
