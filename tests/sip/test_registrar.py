"""Where an extension can be reached now."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.registrar import LONGEST, MOST_BINDINGS, NotRegistered, Registrar, Registration, one_of_each

ANNA, BERT = ExtensionNumber("1001"), ExtensionNumber("1002")
DESK = Flow("UDP", ("198.51.100.7", 40001), ("0.0.0.0", 5060))
SOFTPHONE = Flow("TCP", ("198.51.100.8", 40002), ("0.0.0.0", 5060), connection=7)


def asked(*contacts: str, **other: Any) -> Registration:
    given: dict[str, Any] = {"expires": 600, "call_id": "a@phone", "sequence": 1, "flow": DESK} | other
    return Registration(contacts=[NameAddr.parse(contact) for contact in contacts], **given)


def contacts(registrar: Registrar, now: float = 0.0, extension: ExtensionNumber = ANNA) -> list[str]:
    return [str(binding.uri) for binding in registrar.bindings(extension, now)]


def test_a_binding_stands_until_it_expires() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@192.168.0.9:5062>"), 0.0)
    assert contacts(registrar, 599.9) == ["sip:1001@192.168.0.9:5062"]
    assert contacts(registrar, 600.0) == []
    assert registrar.deadline() == 600.0
    assert registrar.expire(599.9) == []
    assert registrar.expire(600.0) == [ANNA]
    assert registrar.deadline() is None


def test_a_renewed_binding_is_not_lost_when_its_first_time_is_over() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@phone>"), 0.0)
    registrar.register(ANNA, asked("<sip:1001@phone>", sequence=2), 500.0)
    assert registrar.expire(600.0) == []
    assert len(registrar.bindings(ANNA, 600.0)) == 1
    assert registrar.expire(1100.0) == [ANNA]


def test_several_phones_of_one_extension_stand_side_by_side() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@desk>"), 0.0)
    answered = registrar.register(ANNA, asked("<sip:1001@soft>", call_id="b", flow=SOFTPHONE), 0.0)
    assert [str(binding.uri) for binding in answered] == ["sip:1001@desk", "sip:1001@soft"]
    assert [binding.flow for binding in answered] == [DESK, SOFTPHONE]


def test_the_same_phone_after_a_restart_takes_the_place_of_itself() -> None:
    registrar = Registrar()
    instance = ';+sip.instance="<urn:uuid:0>"'
    registrar.register(ANNA, asked(f"<sip:1001@192.168.0.9:1111>{instance}"), 0.0)
    registrar.register(ANNA, asked(f"<sip:1001@192.168.0.9:2222>{instance}", call_id="b"), 0.0)
    assert contacts(registrar) == ["sip:1001@192.168.0.9:2222"]


def test_flows_that_a_phone_numbers_stand_side_by_side_and_each_replaces_itself() -> None:
    """RFC 5626 §6."""
    registrar = Registrar()
    for call_id, number, port in (("a", 1, 1111), ("b", 2, 2222), ("c", 1, 3333)):
        contact = f'<sip:1001@192.168.0.9:{port}>;+sip.instance="<urn:uuid:0>";reg-id={number}'
        registrar.register(ANNA, asked(contact, call_id=call_id), 0.0)
    assert contacts(registrar) == ["sip:1001@192.168.0.9:2222", "sip:1001@192.168.0.9:3333"]
    [phone] = one_of_each(registrar.bindings(ANNA, 0.0))
    assert [str(binding.uri) for binding in phone] == ["sip:1001@192.168.0.9:3333", "sip:1001@192.168.0.9:2222"]


def test_a_phone_that_numbers_its_flow_from_now_on_is_still_one_phone() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked('<sip:1001@192.168.0.9:1111>;+sip.instance="<urn:uuid:0>"'), 0.0)
    registrar.register(
        ANNA, asked('<sip:1001@192.168.0.9:2222>;+sip.instance="<urn:uuid:0>";reg-id=1', call_id="b"), 0.0
    )
    assert contacts(registrar) == ["sip:1001@192.168.0.9:2222"]


def test_two_contacts_of_which_one_is_numbered_are_refused() -> None:
    registrar = Registrar()
    with pytest.raises(NotRegistered) as refused:
        registrar.register(ANNA, asked('<sip:a@h>;+sip.instance="<urn:uuid:0>";reg-id=1', "<sip:b@h>"), 0.0)
    assert refused.value.status == 400
    registrar.register(ANNA, asked('<sip:a@h>;+sip.instance="<urn:uuid:0>";reg-id=1', "<sip:b@h>;expires=0"), 0.0)


def test_expires_0_takes_one_binding_away_and_star_takes_all() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@a>", "<sip:1001@b>", "<sip:1001@c>"), 0.0)
    registrar.register(ANNA, asked("<sip:1001@b>;expires=0", sequence=2), 0.0)
    assert contacts(registrar) == ["sip:1001@a", "sip:1001@c"]
    registrar.register(ANNA, Registration(contacts=None, expires=0, call_id="a@phone", sequence=3, flow=DESK), 0.0)
    assert contacts(registrar) == []
    assert registrar.extensions() == []


def test_star_means_0_and_nothing_else() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@a>"), 0.0)
    with pytest.raises(NotRegistered) as refused:
        registrar.register(
            ANNA, Registration(contacts=None, expires=3600, call_id="a@phone", sequence=2, flow=DESK), 0.0
        )
    assert refused.value.status == 400
    assert contacts(registrar) == ["sip:1001@a"]


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        ("<sip:a@b>;expires=120", 600, 120),
        ("<sip:a@b>", 600, 600),
        ("<sip:a@b>", None, 3600),
        ("<sip:a@b>;expires=99999999999999999999", 600, LONGEST),
        ("<sip:a@b>", 86400, LONGEST),
        ("<sip:a@b>;expires=soon", 600, 600),
    ],
)
def test_the_expiry_is_the_contacts_own_then_the_headers_then_ours(
    contact: str, expires: int | None, granted: int
) -> None:
    registrar = Registrar()
    [binding] = registrar.register(ANNA, asked(contact, expires=expires), 0.0)
    assert binding.seconds_left(0.0) == granted


def test_a_shorter_one_than_we_grant_is_refused_and_changes_nothing() -> None:
    registrar = Registrar()
    with pytest.raises(NotRegistered) as refused:
        registrar.register(ANNA, asked("<sip:1001@a>", "<sip:1001@b>;expires=59"), 0.0)
    assert refused.value.status == 423
    assert contacts(registrar) == []


def test_an_older_register_that_comes_late_changes_nothing() -> None:
    """RFC 3261 §10.3 step 7: CSeq orders the requests of one Call-ID."""
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@a>", sequence=5), 0.0)
    with pytest.raises(NotRegistered):
        registrar.register(ANNA, asked("<sip:1001@a>;expires=0", sequence=4), 0.0)
    assert contacts(registrar) == ["sip:1001@a"]
    registrar.register(ANNA, asked("<sip:1001@a>;expires=0", sequence=4, call_id="another"), 0.0)
    assert contacts(registrar) == []


def test_a_tel_address_is_no_place_to_be_reached_at() -> None:
    with pytest.raises(NotRegistered):
        Registrar().register(ANNA, asked("<tel:1001>"), 0.0)


def test_a_thousand_contacts_leave_ten() -> None:
    registrar = Registrar()
    for n in range(1000):
        registrar.register(ANNA, asked(f"<sip:1001@10.0.0.1:{1024 + n}>", sequence=n + 1), float(n) / 1000)
    assert len(registrar.bindings(ANNA, 1.0)) == MOST_BINDINGS
    assert contacts(registrar, 1.0)[-1] == "sip:1001@10.0.0.1:2023"


def test_bindings_go_with_their_connection() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@desk>"), 0.0)
    registrar.register(ANNA, asked("<sip:1001@soft>", call_id="b", flow=SOFTPHONE), 0.0)
    registrar.register(BERT, asked("<sip:1002@soft>", call_id="c", flow=SOFTPHONE), 0.0)
    assert registrar.lost(7) == [BERT]
    assert contacts(registrar) == ["sip:1001@desk"]


def test_an_extension_that_the_site_drops_is_forgotten_with_its_source() -> None:
    registrar = Registrar()
    registrar.register(ANNA, asked("<sip:1001@desk>"), 0.0)
    assert registrar.knows("198.51.100.7")
    assert registrar.is_at("1001", DESK, 0.0)
    assert registrar.keep_only({BERT}) == [ANNA]
    assert not registrar.knows("198.51.100.7")
    assert not registrar.is_at("1001", DESK, 0.0)
    assert len(registrar) == 0


def test_parameters_of_the_contact_are_kept_but_for_its_expiry() -> None:
    registrar = Registrar()
    [binding] = registrar.register(ANNA, asked('"A" <sip:1001@a;x=1>;q=0.5;expires=99;y'), 0.0)
    assert str(binding.contact) == '"A" <sip:1001@a;x=1>;q=0.5;y'


@given(
    st.lists(
        st.tuples(st.sampled_from([ANNA, BERT]), st.integers(0, 12), st.sampled_from([0, 60, 600]), st.floats(0, 900))
    )
)
def test_whatever_is_registered_nothing_stays_beyond_its_time(
    steps: list[tuple[ExtensionNumber, int, int, float]],
) -> None:
    registrar, now = Registrar(), 0.0
    for sequence, (extension, port, seconds, pause) in enumerate(steps):
        registrar.expire(now)
        registrar.register(extension, asked(f"<sip:x@10.0.0.1:{5060 + port}>", expires=seconds, sequence=sequence), now)
        assert all(binding.expires_at > now for binding in registrar.bindings(extension, now))
        now += pause
    while (due := registrar.deadline()) is not None:
        registrar.expire(due)
    assert len(registrar) == 0
    assert registrar.extensions() == []
    assert not registrar.knows("198.51.100.7")
