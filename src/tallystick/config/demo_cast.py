"""Who and what the demo is about. Nobody here exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with habits: how often they order, when they pay and how, and how often they forget (0 to 1)."""

    name: str
    contact: str
    email: str
    street: str
    city: str
    postcode: str
    country: str
    currency: str = "EUR"
    language: str = "en"
    orders_per_month: int = 2
    pays_after_days: int = 28
    terms_days: int = 30
    forgets: float = 0.03
    methods: tuple[str, ...] = ("transfer",)


CUSTOMERS: Sequence[Person] = (
    Person("Kestrel & Rowe Architects", "Aoife Kestrel", "accounts@kestrelrowe.example", "31 Fitzwilliam Place", "Dublin 2", "D02 X283", "IE", orders_per_month=4, pays_after_days=18),
    Person("Bäckerei Hohenfeld GmbH", "Petra Hohenfeld", "petra@hohenfeld.example", "Marktgasse 3", "Ravensburg", "88212", "DE", orders_per_month=2, pays_after_days=27),
    Person("Marlow Bridge Dental", "Dr Sinéad Marlow", "office@marlowbridge.example", "Bridge Street 8", "Galway", "H91 E2K4", "IE", orders_per_month=3, pays_after_days=31, methods=("transfer", "card_machine")),
    Person("Studio Okafor LLC", "Chidi Okafor", "chidi@okafor.example", "212 Water Street", "Portland, ME", "04101", "US", "USD", orders_per_month=2, pays_after_days=40, forgets=0.12),
    Person("Pemberton Logistics Ltd", "Tom Harker", "ap@pemberton.example", "Unit 4, Canal Road", "Leeds", "LS12 1AB", "GB", "GBP", orders_per_month=2, pays_after_days=45, forgets=0.1),
    Person("Saltmarsh Brewing Co.", "Tom Saltmarsh", "tom@saltmarsh.example", "The Quay", "Whitby", "YO21 3PU", "GB", "GBP", orders_per_month=2, pays_after_days=33, forgets=0.08),
    Person("Hollis & Quaye Estate Agents", "Esi Quaye", "esi@hollisquaye.example", "90 Market Street", "Bristol", "BS1 4QA", "GB", "GBP", orders_per_month=1, pays_after_days=24),
    Person("Atelier Luma SRL", "Ioana Lumânăraru", "contabilitate@luma.example", "Strada Țepeș Vodă 12", "București", "021513", "RO", "RON", "ro", orders_per_month=2, pays_after_days=29, forgets=0.06),
    Person("Tipografia Dâmbovița SA", "Răzvan Șerbănescu", "razvan@dambovita.example", "Bulevardul Carol I 44", "Târgoviște", "130012", "RO", "RON", "ro", orders_per_month=1, pays_after_days=35),
    Person("Whitethorn Primary School", "Gráinne Ní Shé", "oifig@whitethorn.example", "School Lane", "Kinsale", "P17 HX26", "IE", orders_per_month=1, pays_after_days=38, terms_days=45),
    Person("Corrib Outdoor Festival CLG", "Dáithí Burke", "hello@corribfest.example", "Salthill Promenade", "Galway", "H91 PK77", "IE", orders_per_month=1, pays_after_days=60, forgets=0.5),
    Person("St Brigid's Credit Union", "Bríd Nolan", "office@stbrigids.example", "2 Main Street", "Kildare", "R51 A2C1", "IE", orders_per_month=1, pays_after_days=14, methods=("cheque", "transfer")),
    Person("Donnelly & Sons Solicitors", "Ruth Donnelly", "ruth@donnelly.example", "18 South Mall", "Cork", "T12 YX56", "IE", orders_per_month=2, pays_after_days=22),
    Person("Fairweather Cycles", "Ola Fairweather", "ola@fairweather.example", "7 Quay Lane", "Waterford", "X91 C3D4", "IE", orders_per_month=2, pays_after_days=12, methods=("card_machine",)),
    Person("Brannigan Motor Factors", "Joe Brannigan", "joe@brannigan.example", "Industrial Estate 12", "Athlone", "N37 D8P2", "IE", orders_per_month=2, pays_after_days=36, methods=("cheque",)),
    Person("Osei Catering", "Kwame Osei", "kwame@osei.example", "45 Lamb Street", "London", "E1 6EA", "GB", "GBP", orders_per_month=1, pays_after_days=20),
    Person("Tidewater Yacht Club", "Fiona Tidewater", "purser@tidewater.example", "Marina Road", "Crosshaven", "P43 V6T8", "IE", orders_per_month=1, pays_after_days=30),
    Person("Gärtnerei Sonnenblick e.K., Inhaberin Waltraud Brückner", "Waltraud Brückner", "buero@sonnenblick.example", "Lindenallee 120", "Potsdam", "14467", "DE", orders_per_month=1, pays_after_days=34, forgets=0.15),
    Person("Café Lumière SARL", "Amélie Roux", "amelie@cafelumiere.example", "5 rue des Tanneurs", "Nantes", "44000", "FR", orders_per_month=1, pays_after_days=26),
    Person("O'Flaherty's Bookshop", "Máire O'Flaherty", "", "Shop Street 22", "Galway", "H91 W2X9", "IE", orders_per_month=1, pays_after_days=9, methods=("cash",)),
    Person("Northlight Theatre", "Ewa Nowak", "ewa@northlight.example", "3 Harbour Row", "Cobh", "P24 K7H2", "IE", orders_per_month=2, pays_after_days=42, forgets=0.07),
    Person("Blue Ridge Outfitters Inc.", "Dana Cole", "dana@blueridge.example", "80 Patton Avenue", "Asheville, NC", "28801", "US", "USD", orders_per_month=1, pays_after_days=30),
)

ITEMS: Sequence[tuple[str, str, str, str, str]] = (
    ("LET-A4", "Letterhead A4, 120 g laid, 2 colours", "pcs", "0.145", "23"),
    ("ENV-DL", "Envelope DL, window, overprinted", "pcs", "0.068", "23"),
    ("ENV-C5W", "Envelope C5, window, 80 g", "pcs", "0.068", "23"),
    ("CRD-BUS", "Business cards 85 × 55, 350 g", "pcs", "0.12", "23"),
    ("CRD-APP", "Appointment cards 85 × 55, 300 g", "pcs", "0.041", "23"),
    ("PLN-A1", "Planning drawings, A1 colour", "pcs", "3.80", "23"),
    ("BRD-A0", "Competition boards, A0 on Dibond 3 mm", "pcs", "164.00", "23"),
    ("SGN-ALU", "Door sign, brushed aluminium, with fixings", "pcs", "68.00", "23"),
    ("PST-A2", "Window posters A2, 170 g", "pcs", "4.60", "23"),
    ("MNU-A5", "Menus A5, wipe-clean, folded", "pcs", "2.35", "13.5"),
    ("BOOK-MON", "“Rooms for Rain” monograph, 96 pages", "pcs", "17.20", "0"),
    ("BOOK-PRG", "Programme, 24 pages, saddle-stitched", "pcs", "3.15", "0"),
    ("SVC-ART", "Artwork corrections", "h", "65.00", "23"),
    ("DEL-COU", "Courier", "pcs", "38.00", "23"),
)

MEMBERS: Sequence[tuple[str, str, str]] = (
    ("Ciarán Byrne", "ciaran@lindenpress.example", "sales_manager"),
    ("Niamh Ahern", "niamh@lindenpress.example", "cashier"),
    ("Declan Roche", "declan@lindenpress.example", "accountant"),
    ("Saoirse Kelly", "saoirse@lindenpress.example", "sales"),
)
