"""Centavos as Brazilians write them."""

from __future__ import annotations


def money(centavos: int) -> str:
    """`R$ 1.234,50`, which no chat breaks between sign and number."""
    reais, cents = divmod(abs(centavos), 100)
    sign = "-" if centavos < 0 else ""
    return f"{sign}R$\u00a0{reais:,}".replace(",", ".") + f",{cents:02d}"
