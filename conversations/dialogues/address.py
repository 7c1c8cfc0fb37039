"""Where somebody lives: by CEP with a confirmation, or typed when the CEP is unknown or the service is down."""

from __future__ import annotations

from typing import Any

from conversations.dialogue import Arrival, Ask, Dialogue, Do, Finish, Heard, Move, Talk, Unclear
from conversations.dialogues.wording import option
from conversations.understand.address import City, parse_city, parse_neighborhood, parse_number, parse_street
from conversations.understand.bad import Bad
from conversations.understand.cep import parse_cep
from conversations.understand.replies import unknown

_PLACE = ("street", "neighborhood", "city", "state")


class Address(Dialogue):
    name = "address"
    initial = "cep"
    states = ("cep", "looking", "found", "street", "neighborhood", "city", "number", "saving", "saved")
    moves = (
        ("given", "cep", "looking"),
        ("typed", ["cep", "found"], "street"),
        ("cep_found", "looking", "found"),
        ("cep_street_missing", "looking", "street"),
        ("cep_unknown", "looking", "cep"),
        ("cep_down", "looking", "street"),
        ("other_cep", "found", "cep"),
        ("number_given", ["found", "number"], "saving"),
        ("street_given", "street", "neighborhood"),
        ("neighborhood_given", "neighborhood", "city"),
        ("neighborhood_done", "neighborhood", "number"),
        ("city_given", "city", "number"),
        ("saved", "saving", "saved"),
        ("registration_closed", "saving", "saved"),
    )
    waits = frozenset({"looking"})

    # cep

    def ask_cep(self, talk: Talk) -> Ask:
        key = "address-cep-again" if talk.draft.get("tried") else "address-cep"
        return Ask(key, {}, [option("typed", "address-option-typed")])

    def hear_cep(self, talk: Talk) -> Heard:
        if talk.option == "typed" or unknown(talk.text):
            return Move("typed", {"cep": None, **dict.fromkeys(_PLACE)})
        cep = parse_cep(talk.text)
        if isinstance(cep, Bad):
            return Unclear(cep.code, cep.data)
        return Move("given", {"cep": cep, "tried": True, **dict.fromkeys(_PLACE)})

    def arrive_looking(self, talk: Talk) -> Arrival:
        return Do("registrations.find_cep", {"cep": talk.draft["cep"]})

    # found: the number confirms the rest

    def ask_found(self, talk: Talk) -> Ask:
        values = {name: str(talk.draft.get(name) or "") for name in _PLACE}
        choices = [option("other_cep", "address-option-other", "no"), option("typed", "address-option-correct")]
        return Ask("address-found", values, choices)

    def hear_found(self, talk: Talk) -> Heard:
        if talk.option is not None:
            return Move(talk.option)
        return self.hear_number(talk)

    # typed

    def hear_street(self, talk: Talk) -> Heard:
        street = parse_street(talk.text)
        return (
            Unclear(street.code, street.data) if isinstance(street, Bad) else Move("street_given", {"street": street})
        )

    def hear_neighborhood(self, talk: Talk) -> Heard:
        found = parse_neighborhood(talk.text)
        if isinstance(found, Bad):
            return Unclear(found.code, found.data)
        known = talk.draft.get("city") and talk.draft.get("state")
        return Move("neighborhood_done" if known else "neighborhood_given", {"neighborhood": found})

    def hear_city(self, talk: Talk) -> Heard:
        city = parse_city(talk.text)
        if not isinstance(city, City):
            return Unclear(city.code, city.data)
        return Move("city_given", {"city": city.name, "state": city.state})

    def hear_number(self, talk: Talk) -> Heard:
        number = parse_number(talk.text)
        if isinstance(number, Bad):
            return Unclear(number.code, number.data)
        return Move("number_given", {"number": number.number, "complement": number.complement})

    def arrive_saving(self, talk: Talk) -> Arrival:
        draft = talk.draft
        args: dict[str, Any] = {name: draft.get(name) or "" for name in (*_PLACE, "number")}
        return Do(
            "registrations.address", {**args, "cep": draft.get("cep") or "", "complement": draft.get("complement")}
        )

    def arrive_saved(self, talk: Talk) -> Arrival:
        return Finish("address_done")
