"""Meta's error codes that mean something to the business, whichever way they come: as an answer or by webhook.

Source: WhatsApp Cloud API, error codes.
"""

from __future__ import annotations

STOPPING = frozenset(
    {
        190,  # token invalid or expired
        *(3, 10, *range(200, 300), 131005),  # permission or capability missing
        33,  # phone number id deleted
        *(368, 131031),  # account restricted or locked
        131037,  # display name not approved
        *(131042, 131044),  # billing
        *(131045, 133010),  # number not registered
        131048,  # spam limit of the number
        *(133000, 133005, 133006, 133008, 133009, 133016),  # registration and PIN
    }
)
"""Nothing passes on the number until a person acts. Not 0: in an answer it is the Graph's "AuthException",
by webhook what is read where there is no code."""
