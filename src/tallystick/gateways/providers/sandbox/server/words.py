"""What the checkout says, in English and Romanian."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

LOCALES = {"en": "en_IE", "ro": "ro"}

_EN = {
    "sandbox": "Sandbox", "sandbox_note": "This is a test page. No real money moves.",
    "pay_to": "Pay {merchant}", "card": "Card details", "number": "Card number", "expiry": "Expiry (MM/YY)",
    "cvc": "Security code", "name": "Name on card", "pay": "Pay {amount}", "cancel": "Back to {merchant} without paying",
    "back": "Back to {merchant}", "cards": "Test cards", "cards_hint": "Choose a number to fill in the form.",
    "col_card": "Number", "col_effect": "What happens", "lang_label": "Language",
    "declined_title": "This card was declined", "declined_safe": "Nothing was charged. Try another card.",
    "error_number": "That isn’t a full card number. Check the digits.",
    "error_real": "Only the test cards below work here. Please don’t type in a real card.",
    "error_expiry": "Write the month and the year, like 12/34.", "error_past": "This card has expired. Check the date.",
    "error_cvc": "The security code has 3 or 4 digits.", "error_name": "Write the name on the card.",
    "verify_title": "Your bank wants to check it’s you",
    "verify_text": "Confirm {amount} to {merchant} with {card}. Nothing has been charged yet.",
    "bank": "Your bank", "bank_text": "This stands in for your bank’s own page.",
    "approve": "Approve {amount}", "refuse": "Decline",
    "paid_title": "Paid", "paid_text": "{amount} went to {merchant}. You won’t be charged again.",
    "expired_title": "This payment page has closed", "expired_text": "Nothing was charged here. Go back for a new link.",
    "processing_title": "Your payment is on its way",
    "processing_text": "{amount} to {merchant} takes a little longer. Please don’t pay again.",
    "failed_title": "The payment didn’t go through", "failed_text": "Nothing was charged. Go back to try again.",
    "missing_title": "There’s no payment here", "missing_text": "Check the link, or ask who sent it for a new one.",
    "card_approve": "Pays", "card_challenge": "Asks your bank first (3-D Secure)", "card_generic_decline": "Declined",
    "card_insufficient_funds": "Declined: not enough money", "card_expired_card": "Declined: expired card",
    "card_incorrect_cvc": "Declined: wrong security code", "card_lost_card": "Declined: lost card",
    "card_stolen_card": "Declined: stolen card", "card_do_not_honor": "Declined: the bank refuses",
    "card_delay": "Takes a while, then pays", "card_payment_failed": "Takes a while, then fails",
    "card_dispute": "Pays, disputed later", "card_slow": "Pays, but answers slowly",
    "keep_note": "{merchant} keeps this card for later payments. You can have it removed at any time.",
    "save_for": "Save a card with {merchant}", "save": "Save card", "save_text": "Nothing is charged now.",
    "cancel_save": "Back to {merchant} without saving",
    "verify_save_text": "Confirm that {merchant} may keep {card}. Nothing is charged.",
    "approve_save": "Approve", "saved_title": "Card saved",
    "saved_text": "{merchant} keeps it for later payments. Nothing was charged.",
    "card_later_insufficient_funds": "Pays now; when charged later: not enough money",
    "card_later_insufficient_funds_at_first": "Pays now; when charged later: not enough money twice, then pays",
    "card_later_expired_card": "Pays now; when charged later: expired card",
    "card_later_stolen_card": "Pays now; when charged later: stolen card",
    "card_later_challenge": "Pays now; when charged later: asks your bank, so you must be there",
    "why_authentication_required": "Your bank wants you to confirm it.",
    "why_generic_decline": "Your bank declined this card.", "why_insufficient_funds": "There isn’t enough money on it.",
    "why_expired_card": "It has expired.", "why_incorrect_cvc": "The security code is wrong.",
    "why_lost_card": "Your bank declined this card.", "why_stolen_card": "Your bank declined this card.",
    "why_do_not_honor": "Your bank declined this card.", "why_payment_failed": "Your bank declined this card.",
    "why_authentication_failed": "You didn’t confirm it with your bank.",
}  # fmt: skip
_RO = {
    "sandbox": "Mod de test", "sandbox_note": "Aceasta este o pagină de test. Nu se mișcă bani adevărați.",
    "pay_to": "Plătiți către {merchant}", "card": "Datele cardului", "number": "Numărul cardului",
    "expiry": "Expiră (LL/AA)", "cvc": "Cod de securitate", "name": "Numele de pe card", "pay": "Plătiți {amount}",
    "cancel": "Înapoi la {merchant} fără plată", "back": "Înapoi la {merchant}", "cards": "Carduri de test",
    "cards_hint": "Alegeți un număr pentru a completa formularul.", "col_card": "Număr", "col_effect": "Ce se întâmplă",
    "lang_label": "Limba",
    "declined_title": "Cardul a fost refuzat", "declined_safe": "Nu s-a încasat nimic. Încercați alt card.",
    "error_number": "Numărul cardului nu este complet. Verificați cifrele.",
    "error_real": "Aici merg doar cardurile de test de mai jos. Vă rugăm să nu scrieți un card adevărat.",
    "error_expiry": "Scrieți luna și anul, de exemplu 12/34.", "error_past": "Cardul a expirat. Verificați data.",
    "error_cvc": "Codul de securitate are 3 sau 4 cifre.", "error_name": "Scrieți numele de pe card.",
    "verify_title": "Banca dorește să verifice că sunteți dumneavoastră",
    "verify_text": "Confirmați {amount} către {merchant} cu {card}. Nu s-a încasat încă nimic.",
    "bank": "Banca dumneavoastră", "bank_text": "Această casetă ține locul paginii băncii.",
    "approve": "Aprobați {amount}", "refuse": "Refuzați",
    "paid_title": "Plătit", "paid_text": "{amount} au ajuns la {merchant}. Nu veți mai fi taxat.",
    "expired_title": "Această pagină de plată s-a închis",
    "expired_text": "Aici nu s-a încasat nimic. Întoarceți-vă pentru un link nou.",
    "processing_title": "Plata este pe drum",
    "processing_text": "{amount} către {merchant} durează puțin mai mult. Vă rugăm să nu plătiți din nou.",
    "failed_title": "Plata nu a reușit", "failed_text": "Nu s-a încasat nimic. Întoarceți-vă pentru a încerca din nou.",
    "missing_title": "Aici nu este nicio plată", "missing_text": "Verificați linkul sau cereți unul nou.",
    "card_approve": "Plătește", "card_challenge": "Întâi întreabă banca (3-D Secure)", "card_generic_decline": "Refuzat",
    "card_insufficient_funds": "Refuzat: fonduri insuficiente", "card_expired_card": "Refuzat: card expirat",
    "card_incorrect_cvc": "Refuzat: cod de securitate greșit", "card_lost_card": "Refuzat: card pierdut",
    "card_stolen_card": "Refuzat: card furat", "card_do_not_honor": "Refuzat de bancă",
    "card_delay": "Durează, apoi plătește", "card_payment_failed": "Durează, apoi eșuează",
    "card_dispute": "Plătește, contestat mai târziu", "card_slow": "Plătește, dar răspunde încet",
    "keep_note": "{merchant} păstrează acest card pentru plăți viitoare. Îl puteți șterge oricând.",
    "save_for": "Salvați un card la {merchant}", "save": "Salvați cardul", "save_text": "Acum nu se încasează nimic.",
    "cancel_save": "Înapoi la {merchant} fără salvare",
    "verify_save_text": "Confirmați că {merchant} poate păstra {card}. Nu se încasează nimic.",
    "approve_save": "Aprobați", "saved_title": "Card salvat",
    "saved_text": "{merchant} îl păstrează pentru plăți viitoare. Nu s-a încasat nimic.",
    "card_later_insufficient_funds": "Plătește acum; la plățile viitoare: fonduri insuficiente",
    "card_later_insufficient_funds_at_first": "Plătește acum; la plățile viitoare: de două ori fonduri insuficiente, apoi plătește",
    "card_later_expired_card": "Plătește acum; la plățile viitoare: card expirat",
    "card_later_stolen_card": "Plătește acum; la plățile viitoare: card furat",
    "card_later_challenge": "Plătește acum; la plățile viitoare întreabă banca, deci trebuie să fiți prezent",
    "why_authentication_required": "Banca dorește să confirmați plata.",
    "why_generic_decline": "Banca a refuzat acest card.", "why_insufficient_funds": "Nu sunt destui bani pe card.",
    "why_expired_card": "Cardul a expirat.", "why_incorrect_cvc": "Codul de securitate este greșit.",
    "why_lost_card": "Banca a refuzat acest card.", "why_stolen_card": "Banca a refuzat acest card.",
    "why_do_not_honor": "Banca a refuzat acest card.", "why_payment_failed": "Banca a refuzat acest card.",
    "why_authentication_failed": "Nu l-ați confirmat la bancă.",
}  # fmt: skip
WORDS: Mapping[str, Mapping[str, str]] = {"en": _EN, "ro": _RO}


def pick_language(*wished: str) -> str:
    """The first of the wished languages that we speak, else English."""
    for each in wished:
        if each[:2].lower() in WORDS:
            return each[:2].lower()
    return "en"


def format_money(amount_minor: int, currency: str, language: str) -> str:
    """An amount as the reader writes it: `€3,033.16`, `5.885,75 lei`."""
    amount = Decimal(amount_minor).scaleb(-get_currency_precision(currency))
    text = format_currency(amount, currency, locale=LOCALES[language])
    return text.replace("RON", "lei") if language == "ro" else text
