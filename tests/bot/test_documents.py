"""The document press: what a reader of the PDF, of the card and of the QR finds."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from bot.gateways.documents import press as press_module
from bot.gateways.documents import wording
from bot.gateways.documents.canvas import fit, shorten, text_width, wrap
from bot.gateways.documents.card import COLUMN, dependant_lines, short_name
from bot.gateways.documents.clauses import parse_body
from bot.gateways.documents.lettering import clean, drawable
from bot.gateways.documents.palette import DARK, SHINE, WHITE, contrast, mix, palette
from bot.gateways.documents.press import Press
from handlers.ports import (
    CardSheet,
    ContractParty,
    ContractSheet,
    DependantLine,
    DocumentPress,
    EvidenceLine,
    EvidenceSheet,
    Refused,
)

BRASILIA = timezone(timedelta(hours=-3))
SIGNED_AT = datetime(2026, 12, 1, 14, 5, 9, tzinfo=BRASILIA)
CHECK_ADDRESS = "https://clube.example/cards/eyJvIjoiMDE5M2YiLCJtIjoiQ1QtMDAwMDAwMDEifQ.mHk3yV9hQ2xv0pXz"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LONGEST_NAME = "Maximiliano Wellington Albuquerque de Vasconcelos Cavalcanti e Silva Júnior de Bragança"
BR_CODE = "00020126" + "5" * 360 + "6304ABCD"

CONTRACT = ContractSheet(
    business_name="Clube Vida Leve Benefícios Ltda.",
    business_document="12.345.678/0001-95",
    title="Contrato de adesão",
    version="3",
    body="# Cláusula 1ª\n\nO objeto é a adesão.\n\n- primeiro item;\n- segundo item.\n\nO preço é R$ 69,90.",
    party=ContractParty(
        name="Maria da Conceição Araújo",
        cpf="52998224725",
        birth_date=date(1988, 3, 1),
        email="maria@clube.example",
        phone="+5511987654321",
        address="Rua das Acácias, 123, São Paulo – SP, CEP 01234-567",
    ),
    dependants=(DependantLine("Ana Luíza Araújo", "Filha", date(2015, 7, 9)),),
    plan_name="Família",
    price_lines=(("Mensalidade", "R$ 69,90"), ("Adesão", "R$ 30,00")),
    issued_at=datetime(2026, 12, 1, 14, 5, tzinfo=BRASILIA),
    number="DOC-000123",
)
EVIDENCE = EvidenceSheet(
    document_sha256=SHA256,
    signer_name="Maria da Conceição Araújo",
    signer_cpf="52998224725",
    signed_at=SIGNED_AT,
    method="Código de uso único enviado por e-mail",
    lines=(
        EvidenceLine(SIGNED_AT - timedelta(minutes=2), "Contrato enviado", "wamid.HBgNAAAA"),
        EvidenceLine(SIGNED_AT, "Código conferido"),
    ),
    signature_number="ASS-000123",
)
CARD = CardSheet(
    business_name="Clube Vida Leve",
    brand_color="#0f766e",
    holder_name="Maria da Conceição Araújo",
    membership_number="CT-00000042",
    plan_name="Família",
    valid_until=date(2027, 12, 1),
    dependants=("João Araújo", "Ana Luíza Araújo"),
    qr_content=CHECK_ADDRESS,
)


@pytest.fixture
def press() -> DocumentPress:
    return Press()


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, every run of blanks one space."""
    reader = PdfReader(BytesIO(pdf), strict=True)
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in reader.pages]


def descendant_fonts(pdf: bytes) -> list[dict[str, Any]]:
    """The font dictionaries of every page, resolved."""
    fonts: list[dict[str, Any]] = []
    for page in PdfReader(BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        for entry in resources["/Font"].values():
            fonts.extend(item.get_object() for item in entry.get_object()["/DescendantFonts"])
    return fonts


def picture(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    image.load()
    return image


def scanned(png: bytes) -> str:
    codes = zxingcpp.read_barcodes(picture(png))
    assert len(codes) == 1
    return str(codes[0].text)


class TestContract:
    async def test_says_all_that_the_sheet_says(self, press: DocumentPress) -> None:
        [text] = pages_of(await press.contract(CONTRACT))
        for expected in (
            "Contrato de adesão",
            "Clube Vida Leve Benefícios Ltda.",
            "CNPJ 12.345.678/0001-95",
            "Documento nº DOC-000123",
            "Versão 3",
            "1º de dezembro de 2026, às 14h05",
            "Maria da Conceição Araújo",
            "529.982.247-25",
            "01/03/1988",
            "maria@clube.example",
            "+55 (11) 98765-4321",
            "Rua das Acácias, 123",
            "Mensalidade R$ 69,90",
            "Ana Luíza Araújo Filha 09/07/2015",
            "Cláusula 1ª",
            "segundo item.",
            "O preço é R$ 69,90.",
            "1 de 1",
        ):
            assert expected in text

    async def test_is_a4_in_portuguese_with_title_and_no_date(self, press: DocumentPress) -> None:
        reader = PdfReader(BytesIO(await press.contract(CONTRACT)))
        assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
        assert str(reader.root_object["/Lang"]) == "pt-BR"
        assert reader.metadata is not None
        assert reader.metadata.title == "Contrato de adesão nº DOC-000123"
        assert reader.metadata.creation_date is None

    async def test_embeds_every_font(self, press: DocumentPress) -> None:
        fonts = descendant_fonts(await press.signed_contract(CONTRACT, EVIDENCE))
        assert {str(font["/BaseFont"]).split("+")[1] for font in fonts} == {"Lato-Regular", "Lato-Bold"}
        assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)

    async def test_same_sheet_same_bytes(self, press: DocumentPress) -> None:
        assert await press.contract(CONTRACT) == await Press().contract(CONTRACT)
        assert await press.contract(CONTRACT) != await press.contract(replace(CONTRACT, number="DOC-000124"))

    async def test_thirty_long_paragraphs_are_numbered_pages(self, press: DocumentPress) -> None:
        clause = "Fica convencionado que a contratada manterá a rede de parceiros em funcionamento ininterrupto. " * 9
        body = "\n\n".join(f"# Cláusula {n}ª\n\nParágrafo de número {n}. {clause}" for n in range(1, 31))
        pages = pages_of(await press.contract(replace(CONTRACT, body=body)))
        assert len(pages) > 5
        assert all(f"{n} de {len(pages)}" in page for n, page in enumerate(pages, 1))
        assert all("DOC-000123" in page for page in pages)
        whole = " ".join(pages)
        assert all(f"Parágrafo de número {n}." in whole for n in range(1, 31))

    @pytest.mark.parametrize(
        "text",
        [
            "#set text(red) #panic()",
            "#import \"x\"; #read('/etc/passwd')",
            "$x^2$ *negrito* _itálico_ `cru`",
            '@referencia <rotulo> "aspas" \\u{41} ~ -- ...',
            "= Título // comentário /* outro */",
            "]] }) \\",
        ],
    )
    async def test_text_is_never_markup(self, press: DocumentPress, text: str) -> None:
        party = replace(CONTRACT.party, name=text, address=text, email=text)
        sheet = replace(
            CONTRACT,
            body=f"{text}\n\n# {text}\n\n- {text}",
            title=text,
            business_name=text,
            plan_name=text,
            number=text,
            party=party,
            dependants=(DependantLine(text, text, date(2015, 7, 9)),),
            price_lines=((text, text),),
        )
        evidence = replace(EVIDENCE, method=text, lines=(EvidenceLine(SIGNED_AT, text, text),))
        whole = "".join(pages_of(await press.signed_contract(sheet, evidence))).replace(" ", "")
        assert whole.count(text.replace(" ", "")) >= 12

    async def test_emoji_are_left_out_and_words_stay(self, press: DocumentPress) -> None:
        party = replace(CONTRACT.party, name="Zoë 💚 Ávila 👩‍👩‍👧")
        [text] = pages_of(await press.contract(replace(CONTRACT, party=party, body="Fim 🎉 feliz.")))
        assert "Zoë Ávila" in text
        assert "Fim feliz." in text

    async def test_a_word_without_breaks_stays_on_the_page(self, press: DocumentPress) -> None:
        party = replace(CONTRACT.party, email="a" * 120 + "@clube.example")
        [text] = pages_of(await press.contract(replace(CONTRACT, party=party)))
        assert "a" * 120 + "@clube.example" in text.replace(" ", "")

    async def test_without_dependants_and_document_says_nothing_of_them(self, press: DocumentPress) -> None:
        sheet = replace(CONTRACT, dependants=(), business_document="", party=replace(CONTRACT.party, phone=None))
        [text] = pages_of(await press.contract(sheet))
        assert "Dependentes" not in text
        assert "CNPJ" not in text
        assert "Telefone" not in text

    async def test_a_page_that_cannot_be_set_is_refused(
        self, press: DocumentPress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.gateways.documents.contract._template", lambda: b"#panic()")
        with pytest.raises(Refused, match=r"document\.contract"):
            await press.contract(CONTRACT)


class TestSignedContract:
    async def test_keeps_the_contract_and_adds_the_evidence(self, press: DocumentPress) -> None:
        contract = pages_of(await press.contract(CONTRACT))
        signed = pages_of(await press.signed_contract(CONTRACT, EVIDENCE))
        assert signed[:-1] == contract
        for expected in (
            "Registro de assinatura eletrônica",
            "ASS-000123",
            "Maria da Conceição Araújo",
            "529.982.247-25",
            SHA256,
            "Código de uso único enviado por e-mail",
            "01/12/2026 14:03:09 −03:00 Contrato enviado wamid.HBgNAAAA",
            "01/12/2026 14:05:09 −03:00 Código conferido",
            "sha256sum",
            "art. 4º, inciso I, da Lei nº 14.063/2020",
            "art. 10, § 2º, da Medida Provisória nº 2.200-2/2001",
            "1 de 1",
        ):
            assert expected in signed[-1]

    async def test_same_sheets_same_bytes(self, press: DocumentPress) -> None:
        first = await press.signed_contract(CONTRACT, EVIDENCE)
        assert first == await press.signed_contract(CONTRACT, EVIDENCE)

    async def test_a_long_timeline_numbers_its_own_pages(self, press: DocumentPress) -> None:
        lines = tuple(EvidenceLine(SIGNED_AT, f"Passo {n}", "wamid") for n in range(60))
        pages = pages_of(await press.signed_contract(CONTRACT, replace(EVIDENCE, lines=lines)))
        assert "1 de 1" in pages[0]
        count = len(pages) - 1
        assert count > 1
        assert all(f"{n} de {count}" in page for n, page in enumerate(pages[1:], 1))


class TestCard:
    async def test_is_rgb_and_light_enough_for_whatsapp(self, press: DocumentPress) -> None:
        png = await press.card(CARD)
        image = picture(png)
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1080, 680))
        assert len(png) < 1_000_000

    @pytest.mark.parametrize("color", ["#0f766e", "#ffffff", "#000000", "#facc15", "#f97316"])
    async def test_its_qr_can_be_scanned_on_any_colour(self, press: DocumentPress, color: str) -> None:
        assert scanned(await press.card(replace(CARD, brand_color=color))) == CHECK_ADDRESS

    async def test_same_sheet_same_bytes(self, press: DocumentPress) -> None:
        assert await press.card(CARD) == await Press().card(CARD)

    async def test_the_fullest_card_is_still_scanned(self, press: DocumentPress) -> None:
        sheet = replace(CARD, holder_name=LONGEST_NAME, business_name=LONGEST_NAME, dependants=(LONGEST_NAME,) * 9)
        assert scanned(await press.card(sheet)) == CHECK_ADDRESS

    async def test_names_of_nothing_but_emoji_leave_no_trace(self, press: DocumentPress) -> None:
        assert await press.card(replace(CARD, dependants=("💚", " "))) == await press.card(replace(CARD, dependants=()))
        emoji = replace(CARD, holder_name=CARD.holder_name + " 👩🏽‍⚕️")
        assert await press.card(emoji) == await press.card(CARD)

    async def test_nothing_is_drawn_for_empty_fields(self, press: DocumentPress) -> None:
        bare = replace(CARD, holder_name="", plan_name="", business_name="", dependants=())
        assert picture(await press.card(bare)).size == (1080, 680)

    @pytest.mark.parametrize("color", ["", "green", "#12", "#12345g", "0f766e"])
    async def test_a_colour_that_is_none_is_refused(self, press: DocumentPress, color: str) -> None:
        with pytest.raises(Refused, match=r"card\.brand_color"):
            await press.card(replace(CARD, brand_color=color))

    def test_six_dependants_are_named_and_more_are_counted(self) -> None:
        names = [f"Pessoa {n}" for n in range(8)]
        assert dependant_lines(names[:6]) == names[:6]
        assert dependant_lines(names) == [*names[:5], "+3"]

    def test_a_long_dependant_keeps_first_and_last_name(self) -> None:
        assert short_name("Ana Ávila", 290) == "Ana Ávila"
        assert short_name("Maria Eduarda Albuquerque de Vasconcelos", 290) == "Maria Vasconcelos"
        assert short_name("M" * 60, 290).endswith("…")


class TestPalette:
    @pytest.mark.parametrize("red", range(0, 256, 51))
    def test_text_is_readable_on_every_brand_colour(self, red: int) -> None:
        for green in range(0, 256, 51):
            for blue in range(0, 256, 51):
                colors = palette(f"#{red:02x}{green:02x}{blue:02x}")
                grounds = [mix(colors.start, colors.end, share / 4) for share in range(5)]
                for ground in [*grounds, *(mix(each, WHITE, SHINE) for each in grounds)]:
                    assert contrast(colors.ink, ground) >= 4.5
                    assert contrast(colors.soft, ground) >= 3

    def test_light_brands_have_dark_ink_and_dark_ones_white(self) -> None:
        assert palette("#facc15").ink == DARK
        assert palette("#0f766e").ink == WHITE


class TestFit:
    def test_no_line_is_wider_than_its_room(self) -> None:
        for name in (LONGEST_NAME, "W" * 90, "Ana"):
            fitted = fit(name, "Bold", COLUMN, sizes=(56, 40, 30), lines=2)
            assert len(fitted.lines) <= 2
            assert all(text_width(line, "Bold", fitted.size) <= COLUMN for line in fitted.lines)

    def test_the_largest_size_that_fits_is_taken(self) -> None:
        assert fit("Ana", "Bold", COLUMN, sizes=(56, 30), lines=1).size == 56
        assert fit(LONGEST_NAME, "Bold", COLUMN, sizes=(56, 30), lines=1).whole is False

    def test_words_are_kept_whole(self) -> None:
        assert " ".join(wrap(LONGEST_NAME, "Bold", 40, COLUMN)) == LONGEST_NAME
        assert shorten("Ana", "Bold", 40, COLUMN) == "Ana"


class TestQr:
    @pytest.mark.parametrize("content", ["oi", CHECK_ADDRESS, BR_CODE, "ação"])
    async def test_reads_back_what_it_holds(self, press: DocumentPress, content: str) -> None:
        png = await press.qr(content)
        image = picture(png)
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert image.width == image.height >= 600
        assert scanned(png) == content

    async def test_has_four_quiet_modules_and_correction_m(self, press: DocumentPress) -> None:
        png = await press.qr("oi")
        image = picture(png).convert("L")
        module = image.width // (21 + 8)
        box = image.point(lambda value: 255 - value).getbbox()
        assert box == (4 * module, 4 * module, 25 * module, 25 * module)
        assert zxingcpp.read_barcodes(picture(png))[0].ec_level == "M"

    async def test_same_content_same_bytes(self, press: DocumentPress) -> None:
        assert await press.qr(BR_CODE) == await press.qr(BR_CODE)

    @pytest.mark.parametrize(("content", "code"), [("", "qr.empty"), ("x" * 3000, "qr.too_long")])
    async def test_nothing_and_too_much_are_refused(self, press: DocumentPress, content: str, code: str) -> None:
        with pytest.raises(Refused) as refusal:
            await press.qr(content)
        assert refusal.value.code == code
        assert "xxx" not in str(refusal.value)


class TestClauses:
    def test_headings_paragraphs_and_lists(self) -> None:
        body = "# Um\nlinha um\nlinha dois\n\n- a\n- b\n  segue b\n\n- c\n\noutro"
        assert [(block["kind"], block["lines"]) for block in parse_body(body)] == [
            ("heading", ["Um"]),
            ("paragraph", ["linha um linha dois"]),
            ("list", ["a", "b segue b", "c"]),
            ("paragraph", ["outro"]),
        ]

    @pytest.mark.parametrize("body", ["", "\n \n", "💚", "- 💚\n# 💚"])
    def test_nothing_to_read_is_no_block(self, body: str) -> None:
        assert parse_body(body) == []

    def test_windows_lines_and_other_hashes_are_plain_text(self) -> None:
        assert [block["lines"] for block in parse_body("#1 um\r\n## dois\r\n\r\n-três")] == [
            ["#1 um ## dois"],
            ["-três"],
        ]


class TestWording:
    def test_dates_and_numbers_as_brazilians_write_them(self) -> None:
        assert wording.long_date(date(2026, 3, 1)) == "1º de março de 2026"
        assert wording.long_date(date(2026, 11, 21)) == "21 de novembro de 2026"
        assert wording.short_date(date(2026, 3, 1)) == "01/03/2026"
        assert wording.stamp(SIGNED_AT) == "01/12/2026 14:05:09 −03:00"
        assert wording.stamp(SIGNED_AT.replace(tzinfo=None)) == "01/12/2026 14:05:09"
        assert wording.cpf("12345678909") == "123.456.789-09"
        assert wording.cpf("1234") == "1234"
        assert wording.phone("551133334444") == "+55 (11) 3333-4444"
        assert wording.phone("+351912345678") == "+351912345678"

    def test_what_belongs_together_does_not_break(self) -> None:
        assert wording.bind("R$ 5, art. 10, § 2º, nº 3") == "R$\u00a05, art.\u00a010, §\u00a02º, nº\u00a03"


class TestLettering:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("João 👨‍👩‍👧 Ávila", "João Ávila"),
            ("𝓜𝓪𝓻𝓲𝓪", "Maria"),
            ("A\u0301vila", "Ávila"),
            ("um\n\tdois\u200b", "um dois"),
            ("\u202eoirártnoc", "oirártnoc"),
            ("1️⃣ ✅ 🇧🇷", "1"),
            ("王 Silva", "? Silva"),
            ("só\ud83dmeio", "sómeio"),
        ],
    )
    def test_shows_what_can_be_drawn(self, text: str, shown: str) -> None:
        assert clean(text) == shown
        assert all(drawable(char) for char in clean(text))


class TestPress:
    async def test_draws_in_threads_and_two_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        busy: list[int] = []
        running = 0
        lock, both = threading.Lock(), threading.Barrier(2, timeout=5)

        def draw(content: str) -> bytes:
            nonlocal running
            assert threading.current_thread() is not threading.main_thread()
            with lock:
                running += 1
                busy.append(running)
            both.wait()
            with lock:
                running -= 1
            return content.encode()

        monkeypatch.setattr(press_module, "draw_qr", draw)
        press = Press()
        assert await asyncio.gather(*(press.qr(str(n)) for n in range(6))) == [b"0", b"1", b"2", b"3", b"4", b"5"]
        assert max(busy) == 2
