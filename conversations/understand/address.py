"""The pieces of a typed address: number and complement, street, neighbourhood, city with its state."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.understand.bad import Bad
from conversations.understand.replies import unknown, yes_or_no
from conversations.understand.words import PARTICLES, ascii_digits, clean, has_link, plain, title_case, without_emoji

STREET_LONGEST, NEIGHBORHOOD_LONGEST, CITY_LONGEST, COMPLEMENT_LONGEST = 150, 100, 100, 60
NO_NUMBER = "S/N"

STATES = {
    "AC": "Acre", "AL": "Alagoas", "AP": "Amapá", "AM": "Amazonas", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MT": "Mato Grosso",
    "MS": "Mato Grosso do Sul", "MG": "Minas Gerais", "PA": "Pará", "PB": "Paraíba", "PR": "Paraná",
    "PE": "Pernambuco", "PI": "Piauí", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte",
    "RS": "Rio Grande do Sul", "RO": "Rondônia", "RR": "Roraima", "SC": "Santa Catarina", "SP": "São Paulo",
    "SE": "Sergipe", "TO": "Tocantins",
}  # fmt: skip
_BY_NAME = {plain(name): uf for uf, name in STATES.items()} | {uf.lower(): uf for uf in STATES}
_PLAIN_CITIES = {"sao paulo": "SP", "rio de janeiro": "RJ", "brasilia": "DF"}
"""Cities that everybody names without their state."""

_ABBREVIATIONS = frozenset({"dr", "sr", "jd", "vl", "pq", "st"})
_NONE = re.compile(
    r"(?:s[./ ]?n[.º°o]?|sem (?:n[uú]mero|numera[cç][aã]o|n[º°.]|n)|n[aã]o (?:tem|possui)(?: n[uú]mero)?|0+)(?![\w/])",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?:(?:[oaé]|meu|minha|casa|n[uú]mero|num|n|no|n[º°]|nro)[\s.:º°]+|n[º°.]?\s?|#\s?){0,4}"
    r"(km\s?[0-9]{1,4}(?:[.,][0-9]{1,3})?|[0-9]\.[0-9]{3}|[0-9]{1,6}(?:-?[a-z](?![\w'])|\s[a-z](?=$|,))?)(?![0-9A-Za-zÀ-ÿ])",
    re.IGNORECASE,
)
_CONFIRMED = re.compile(r"(?:(?:sim|isso|[ée] a[ií]|a[ií]|mesmo|certo|correto)\b[\s,.!]*)+(?=\S)", re.IGNORECASE)
_LOT = re.compile(r"(?:quadra|qd|q|lote|lt|conjunto|cj|chácara|chacara|sítio|sitio|fazenda)\b[\s.:]*\S", re.IGNORECASE)
_STREET = re.compile(
    r"(?:rua|r|avenida|av|travessa|alameda|al|estrada|rodovia|praça|praca)\b[^,]{2,120},\s*(?=\S)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class HouseNumber:
    """`number` is digits with at most a letter ("123", "12A"), "KM 12" or "S/N"."""

    number: str
    complement: str | None = None


@dataclass(frozen=True, slots=True)
class City:
    name: str
    state: str
    """UF, two letters."""


def parse_number(text: str) -> HouseNumber | Bad:
    """Number and complement of "123 apto 45", "s/n", "nº 10 fundos"; `address.number` or `address.complement`.

    "Quadra 5 lote 10", the address of whole cities in the Centre-West, is a place without number. A yes to the street
    that was found may stand before it ("sim, 120").
    """
    line = without_emoji(clean(ascii_digits(text[:400])))
    if confirmed := _CONFIRMED.match(line):
        line = line[confirmed.end() :]
    line = _STREET.sub("", line, count=1)
    if none := _NONE.match(line):
        return _numbered(NO_NUMBER, line[none.end() :])
    if number := _NUMBER.match(line):
        return _numbered(_tidy(number.group(1)), line[number.end() :])
    return _numbered(NO_NUMBER, line) if _LOT.match(line) else Bad("address.number")


def _tidy(number: str) -> str:
    if number[0] in "kK":
        return "KM " + number[2:].strip().replace(".", ",")
    return re.sub(r"[\s.-]", "", number).upper()


def _numbered(number: str, rest: str) -> HouseNumber | Bad:
    complement = rest.strip(" ,.;:-/()")
    if plain(complement) in {"sem complemento", "nao tem complemento", "nao tem", "casa"}:
        complement = ""
    if len(complement) > COMPLEMENT_LONGEST or has_link(complement):
        return Bad("address.complement", {"limit": str(COMPLEMENT_LONGEST)})
    return HouseNumber(number, complement or None)


def parse_street(text: str) -> str | Bad:
    """A street's name, 2 to 150 characters; `address.street`, or `address.unknown` for "não sei"."""
    return _place(text, STREET_LONGEST, "address.street")


def parse_neighborhood(text: str) -> str | Bad:
    """A neighbourhood's name, 2 to 100 characters; `address.neighborhood`, or `address.unknown` for "não sei"."""
    return _place(text, NEIGHBORHOOD_LONGEST, "address.neighborhood")


def _place(text: str, longest: int, code: str) -> str | Bad:
    if unknown(text):
        return Bad("address.unknown")
    if "?" in text or yes_or_no(text):
        return Bad(code, {"limit": str(longest)})
    line = re.sub(
        r"^(?:(?:bairro|rua)\s*:|é\s|eh\s)\s*(?=\S)", "", without_emoji(clean(text)).strip(" ,;:-"), flags=re.IGNORECASE
    )
    if has_link(text) or not 2 <= len(line) <= longest or sum(char.isalnum() for char in line) < 2:
        return Bad(code, {"limit": str(longest)})
    if not any(char.isalpha() for char in line):
        return Bad(code, {"limit": str(longest)})
    return _capitals(line) if line in (line.lower(), line.upper()) else line


def _capitals(line: str) -> str:
    """Usual capitals for what was typed in one case only; codes without vowels (BR, SQN) stay in capitals."""
    pairs = zip(title_case(line).split(), line.split(), strict=True)
    return " ".join(raw.upper() if _is_code(raw.lower()) else nice for nice, raw in pairs)


def _is_code(word: str) -> bool:
    return re.fullmatch("[b-df-hj-np-tv-z]{2,4}", word) is not None and word not in _ABBREVIATIONS


def parse_city(text: str) -> City | Bad:
    """City and state of "Campinas - SP", "são paulo/sp", "Belém Pará"; `address.city`, `address.unknown` for "não
    sei", or `address.state` with the city in `data["city"]` when only the state is missing."""
    if unknown(text):
        return Bad("address.unknown")
    line = re.sub("[’´`]", "'", without_emoji(clean(ascii_digits(text[:300]))))
    words = _tokens(line)
    name, state = _split(words)
    city = title_case(" ".join(word for word in name if word != ",")).replace(" D'", " d'")
    if has_link(line) or not _CITY.fullmatch(city) or not 2 <= len(city) <= CITY_LONGEST:
        return Bad("address.city")
    state = state or _PLAIN_CITIES.get(plain(city))
    if state:
        return City(city, state)
    return Bad("address.city") if plain(city) in _BY_NAME else Bad("address.state", {"city": city})


_CITY = re.compile(r"[^\W\d_]+(?:(?:[.']?[ '-])[^\W\d_]+)*")


def _tokens(line: str) -> list[str]:
    """Words, with "," for any separator between them."""
    words = re.sub(r"[,/()|;:.]|\s-|-\s", " , ", _hyphened(line.strip(" .,;:-/()"))).split()
    while words and words[-1] == ",":
        words.pop()
    return words[words[:1] == [","] :]


def _hyphened(line: str) -> str:
    """A hyphen glued before a state's letters parts ("Campinas-SP"); others belong to the name ("Ji-Paraná")."""
    head, hyphen, tail = line.rpartition("-")
    return f"{head} , {tail}" if hyphen and tail.strip().upper() in STATES else line


def _split(words: list[str]) -> tuple[list[str], str | None]:
    """City's words and UF: the state stands at the end, or before a separator at the start ("SP - Campinas")."""
    for size in (4, 3, 2, 1):
        uf = _BY_NAME.get(plain(" ".join(words[-size:]))) if len(words) > size else None
        head = words[:-size]
        city = _without_label(head)
        if uf and city and city[-1].lower() not in PARTICLES - {"e"}:
            return city, uf
    if len(words) > 2 and words[1] == "," and words[0].upper() in STATES:
        return words[2:], words[0].upper()
    return words, None


def _without_label(head: list[str]) -> list[str]:
    """Drop "estado do" as in "Curitiba, estado do Paraná"."""
    words = [plain(word) for word in head]
    if words[-2:-1] == ["estado"] and words[-1] in PARTICLES:
        return head[:-2]
    return head[:-1] if words[-1:] in (["estado"], ["uf"]) else head
