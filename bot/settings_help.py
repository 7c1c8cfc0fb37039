"""Why each setting is there and how to get its value: the words of `SettingsError`, `balcao check` and the README."""

from __future__ import annotations

from typing import NamedTuple


class Help(NamedTuple):
    why: str
    how: str


META_APP = "Meta for Developers > your app"
GENERATE = 'Make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
BANK = "Your Pix provider's API panel has it"
SMS = "Your SMS provider's console has it"

HELP: dict[str, Help] = {
    "database_url": Help(
        "where everything is kept", "Use sqlite:///balcao.db for one process, or postgresql://user:password@host/name"
    ),
    "redis_url": Help(
        "wake-ups, pacing and rate limits shared by several processes", "Use redis://host:6379/0, or leave it out"
    ),
    "port": Help("the port of the web server", "Use a number from 0 to 65535 (0 picks a free one)"),
    "public_url": Help(
        "the address under which Meta, the bank and card readers reach Balcão",
        "Use the https:// address of your server, e.g. https://balcao.example.com",
    ),
    "secret_key": Help("it encrypts personal data and signs links (32 characters or more)", GENERATE),
    "secret_key_previous": Help(
        "the former secret key, kept while data is re-encrypted",
        "Put the old BALCAO_SECRET_KEY here when you change it",
    ),
    "whatsapp_graph_url": Help("the address of Meta's Graph API", "Leave it out"),
    "whatsapp_api_version": Help("the version of Meta's Graph API", "Use the form v25.0, or leave it out"),
    "whatsapp_app_secret": Help("it proves that a webhook comes from Meta", f"{META_APP} > App settings > Basic"),
    "whatsapp_app_secret_previous": Help(
        "the former app secret, accepted while it is being rotated", "Put the old BALCAO_WHATSAPP_APP_SECRET here"
    ),
    "whatsapp_verify_token": Help(
        "Meta repeats it when it checks the webhook's address",
        f"Choose any word and type the same in {META_APP} > WhatsApp > Configuration",
    ),
    "whatsapp_token": Help(
        "it allows sending messages",
        "Meta Business settings > System users > Generate token (whatsapp_business_messaging)",
    ),
    "whatsapp_phone_number_id": Help(
        "the number the business answers from (an id of digits, not the phone number)",
        f"{META_APP} > WhatsApp > API setup",
    ),
    "whatsapp_business_account_id": Help(
        "the WhatsApp Business account that owns the templates", f"{META_APP} > WhatsApp > API setup"
    ),
    "whatsapp_messages_per_second": Help(
        "how fast the number may send", "Use a whole number from 1 to 1000; Meta's default is 80"
    ),
    "pix_driver": Help(
        "how Pix charges are made", "Use static (codes made here, staff confirm) or bcb (a bank with the API Pix)"
    ),
    "pix_key": Help("the Pix key that receives the money", "Your bank's app > Pix > My keys"),
    "pix_merchant_name": Help("the receiver's name in a static Pix code", "Use at most 25 letters"),
    "pix_merchant_city": Help("the receiver's city in a static Pix code", "Use at most 15 letters"),
    "pix_base_url": Help("the address of the bank's API Pix", BANK),
    "pix_token_url": Help("where the bank issues access tokens (OAuth2)", BANK),
    "pix_client_id": Help("it identifies the business to the bank", BANK),
    "pix_client_secret": Help("it authenticates the business to the bank", BANK),
    "pix_certificate": Help(
        "the file (PEM with key, or PKCS#12) with which the bank knows this server", "Give a path this process can read"
    ),
    "pix_certificate_password": Help("it opens the certificate file", "The bank showed it when the file was made"),
    "pix_webhook_secret": Help(
        "a secret part of the address that the bank calls back",
        f"{GENERATE}; then tell the bank with `balcao pix webhook`",
    ),
    "smtp_url": Help(
        "it sends codes and contracts by e-mail",
        "Use smtp://user:password@host:587, or smtps://…:465; your mail provider has it",
    ),
    "mail_from": Help("the sender of e-mails", "Use an address your mail provider lets you send from"),
    "sms_base_url": Help("the address of the SMS provider", "Leave it out for Twilio"),
    "sms_account_sid": Help("it identifies the business to the SMS provider", SMS),
    "sms_auth_token": Help("it authenticates the business to the SMS provider", SMS),
    "sms_from": Help("the sender of SMS messages", "Use a number like +15005550006 that the provider gave you"),
    "cep_url": Help("the address of the CEP look-up", "Leave it out for ViaCEP"),
    "log_level": Help("how much is logged", "Use DEBUG, INFO, WARNING or ERROR"),
    "log_format": Help("the form of log lines", "Use json or console"),
}
