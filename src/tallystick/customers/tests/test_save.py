"""Customers: what is kept, what is refused, how they are found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import tidy_phone
from tallystick.customers import queries
from tallystick.customers._check import check_tax_id, sort_key
from tallystick.customers.archive import archive_customer, restore_customer
from tallystick.customers.details import ContactDetails, Details
from tallystick.customers.errors import InvalidCustomer
from tallystick.customers.lock import NoSuchCustomer
from tallystick.customers.save import save_customer, save_customers
from tallystick.testing.world import World


def details(**given: object) -> Details:
    start = Details(id=new_id(), name="Țăran & Fiii", country="RO", currency="RON", language="ro")
    return replace(start, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "key"), [("Țăran", "taran"), ("ŁÓDŹ", "lodz"), ("Straße", "strasse"), ("  Ærø ", "aero"), ("İş", "is")]
)
def test_names_sort_without_marks(name: str, key: str) -> None:
    assert sort_key(name) == key


@pytest.mark.parametrize(
    ("country", "tax_id", "reason"),
    [
        ("IE", "IE6388047V", ""),
        ("IE", "IE6388047W", "tax_checksum"),
        ("RO", "RO18547290", ""),
        ("RO", "RO18547291", "tax_checksum"),
        ("DE", "DE12", "tax_length"),
        ("IE", "", ""),
        ("US", "anything", ""),
    ],
)
def test_tax_ids_say_what_is_wrong(country: str, tax_id: str, reason: str) -> None:
    assert check_tax_id(country, tax_id) == reason


def test_phones_are_kept_as_dialled_from_abroad() -> None:
    assert tidy_phone("091 123456", "IE") == "+353 91 123 456"
    assert tidy_phone("ask Tom", "IE") is None


def test_numbers_follow_each_other_and_a_second_save_changes_the_one(world: World) -> None:
    first = details()
    assert save_customer(customer=first, **world.acting()) == "C-1001"
    assert save_customer(customer=replace(first, name="New name"), **world.acting()) == "C-1001"
    assert save_customers(customers=[details(number="C-1002"), details()], **world.acting()) == ["C-1002", "C-1003"]
    with tenant.tx(world.seller_id):
        row = queries.customer(first.id)
        assert row
        assert row.name == "New name"


def test_a_number_belongs_to_one(world: World) -> None:
    save_customer(customer=details(number="X-1"), **world.acting())
    with pytest.raises(InvalidCustomer) as refused:
        save_customers(customers=[details(), details(number="X-1")], **world.acting())
    assert (refused.value.problems, refused.value.at) == ({"number": "number_taken"}, 1)


def test_each_wrong_field_is_named(world: World) -> None:
    wrong = details(
        name=" ", email="nobody", phone="12", country="Romania", note="\x00", contacts=(ContactDetails("Ana", "ana@"),)
    )
    with pytest.raises(InvalidCustomer) as refused:
        save_customer(customer=wrong, **world.acting())
    assert refused.value.problems == {
        "name": "required",
        "email": "email",
        "phone": "phone",
        "country": "country",
        "note": "control",
        "contacts.0.email": "email",
    }


def test_a_doubtful_tax_id_is_kept_when_insisted_on(world: World) -> None:
    doubtful = details(tax_id="ro18547291")
    with pytest.raises(InvalidCustomer) as refused:
        save_customer(customer=doubtful, **world.acting())
    assert refused.value.problems == {"tax_id": "tax_checksum"}
    save_customer(customer=doubtful, tax_ids_as_typed=True, **world.acting())
    with tenant.tx(world.seller_id):
        row = queries.customer(doubtful.id)
        assert row
        assert row.tax_id == "RO18547291"


def test_contacts_are_replaced_and_addressed(world: World) -> None:
    aoife = ContactDetails("Aoife", "AOIFE@x.example")
    tom = ContactDetails("Tom", "tom@x.example", gets_documents=False, is_copied=True)
    one = details(email="office@x.example", contacts=(aoife, tom))
    save_customer(customer=one, **world.acting())
    with tenant.tx(world.seller_id):
        assert queries.addresses_for_documents(one.id) == (["aoife@x.example"], ["tom@x.example"])
        kept = next(c.id for c in queries.contacts_of(one.id) if c.name == "Tom")
    save_customer(customer=replace(one, contacts=(replace(tom, id=kept, name="Thomas"),)), **world.acting())
    with tenant.tx(world.seller_id):
        assert [(c.id, c.name) for c in queries.contacts_of(one.id)] == [(kept, "Thomas")]
        assert queries.addresses_for_documents(one.id) == (["office@x.example"], ["tom@x.example"])


def test_a_contact_of_another_customer_is_never_moved(world: World) -> None:
    theirs = details(contacts=(ContactDetails("Ana", "ana@x.example"),))
    save_customer(customer=theirs, **world.acting())
    with tenant.tx(world.seller_id):
        contact_id = queries.contacts_of(theirs.id)[0].id
    save_customer(customer=details(contacts=(ContactDetails("Thief", id=contact_id),)), **world.acting())
    with tenant.tx(world.seller_id):
        assert [c.name for c in queries.contacts_of(theirs.id)] == ["Ana"]


@pytest.mark.parametrize("text", ["tar", "ȚĂR", "fiii tara", "C-1001", "cluj", "office luma", "office@luma.ex"])
def test_found_by_the_start_of_words(world: World, text: str) -> None:
    one = details(city="Cluj-Napoca", email="office@luma.example")
    save_customer(customer=one, **world.acting())
    with tenant.tx(world.seller_id):
        assert [row.id for row in queries.customers_like(text)] == [one.id]


@pytest.mark.parametrize("text", ["'", "q:*&!|()", "\\", "\x00", "__", "%", "x'; drop table customer"])
def test_odd_searches_find_nothing_and_break_nothing(world: World, text: str) -> None:
    with tenant.tx(world.seller_id):
        assert queries.customers_like(text) == []


def test_pages_follow_the_sort_key(world: World) -> None:
    save_customers(customers=[details(name=name) for name in ("Żubr", "zeta", "Álamo", "ártico")], **world.acting())
    with tenant.tx(world.seller_id):
        first = queries.list_customers("", "", 3)
        second = queries.list_customers("", first.next_cursor, 10)
        names = [row.name for row in (*first.rows, *second.rows)]
    assert names[:2] == ["Álamo", "ártico"]
    assert names.index("zeta") < names.index("Żubr")
    assert len(names) == 7


def test_archived_customers_leave_the_lists(world: World) -> None:
    archive_customer(customer_id=world.nora, **world.acting())
    archive_customer(customer_id=world.nora, **world.acting())
    with tenant.tx(world.seller_id):
        assert queries.customers_like("nora") == []
        assert [row.id for row in queries.list_customers(archived=True).rows] == [world.nora]
    restore_customer(customer_id=world.nora, **world.acting())
    with tenant.tx(world.seller_id):
        assert [row.id for row in queries.customers_like("nora")] == [world.nora]


def test_outsiders_see_and_touch_nothing(world: World, outsider: World) -> None:
    with tenant.tx(outsider.seller_id):
        assert queries.customer(world.nora) is None
        assert queries.addresses_for_documents(world.nora) == ([], [])
    with pytest.raises(NoSuchCustomer):
        archive_customer(customer_id=world.nora, **outsider.acting())
