"""Centavos as Brazilians write them."""

from __future__ import annotations


def money(centavos: int) -> str:
    """`R$ 1.234,50`"""
    reais, cents = divmod(abs(centavos), 100)
    sign = "-" if centavos < 0 else ""
    return f"{sign}R$ {reais:,}".replace(",", ".") + f",{cents:02d}"
