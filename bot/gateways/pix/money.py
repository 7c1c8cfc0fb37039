"""Money as the API Pix and the BR Code write it. Reading it back is `handlers.payments.callback.read_centavos`."""

from __future__ import annotations


def reais(centavos: int) -> str:
    """`12345` as "123.45": a point, two decimals, nothing else (`^\\d{1,10}\\.\\d{2}$`)."""
    if not 0 <= centavos < 10**12:
        raise ValueError("an amount must be between 0.00 and 9999999999.99")
    return f"{centavos // 100}.{centavos % 100:02d}"
