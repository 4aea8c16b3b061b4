"""What a leg is set to speak: the site's settings of its trunk or extension, and what the call speaks already.

Sound that two legs of a call have in the same codec passes unchanged; every other codec is decoded and coded anew
for each packet. So the codec of who is in the call already comes first, where the setting has it at all.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection, Mapping
from typing import get_args

from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.errors import LocalError
from callcenterd.media.sdes import OurKeys
from callcenterd.media.sdp import Sealing, Terms
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Codec, Encryption, Extension, Site, Trunk

SPOKEN: tuple[Codec, ...] = ("PCMA", "PCMU")
"""What the media engine can speak."""
_LAWS: frozenset[Codec] = frozenset({"PCMA", "PCMU"})
_UNKNOWN = Terms(("PCMA", "PCMU"))
PAGE = Terms(("PCMA",))
"""A page, whatever its extension is set to for a desk phone: sealed on its way by WebRTC, plain on this machine."""


class LegTerms:
    """Follows the site."""

    def __init__(self, chance: random.Random, *, can_seal: bool, spoken: Collection[Codec] = SPOKEN) -> None:
        """can_seal: this machine can speak encrypted sound. spoken: codecs of which the media room makes sound."""
        self._chance = chance
        self._can_seal = can_seal
        self._spoken = [codec for codec in get_args(Codec) if codec in spoken]
        self._trunks: Mapping[TrunkName, Trunk] = {}
        self._extensions: Mapping[ExtensionNumber, Extension] = {}

    def configure(self, site: Site) -> None:
        self._trunks = {trunk.name: trunk for trunk in site.trunks}
        self._extensions = {extension.number: extension for extension in site.extensions}

    def towards(
        self,
        trunk: TrunkName | None,
        extension: ExtensionNumber | None,
        call: Call | None = None,
        *,
        secure: bool = False,
    ) -> Terms:
        """Of a leg that is to be. call: in which it will be; None: one of its own. secure: signalled over TLS.

        Raises LocalError if its sound must be encrypted and this machine cannot.
        """
        terms = self._terms(trunk, extension, None if call is None else _coded_in(call), None, secure)
        if terms.sealing == "required" and terms.keys is None:
            raise LocalError("its sound must be encrypted (SRTP), and this machine has no library for that")
        return terms

    def of(self, leg: Leg) -> Terms:
        """Of a leg that is there, to answer an offer of theirs. What was agreed on goes on: its codec comes first, its
        keys are the same, and a setting that was changed meanwhile ends no call."""
        if leg.in_page:
            return PAGE
        agreed = leg.agreed
        codec = _coded_in(leg.call, leg) if agreed is None else agreed.audio.codec
        terms = self._terms(leg.trunk, leg.extension, codec, leg.keys, leg.secure)
        if agreed is not None:
            sealed = agreed.audio.seal is not None
            if terms.sealing == "required" and not sealed:
                terms = dataclasses.replace(terms, sealing="answered")
            elif terms.sealing == "no" and sealed:
                terms = dataclasses.replace(terms, sealing="answered", keys=leg.keys)
        leg.keys = terms.keys
        return terms

    def again(self, leg: Leg) -> Terms:
        """The same, to describe the leg anew ourselves: who is sealed stays so."""
        terms = self.of(leg)
        if leg.agreed is None or leg.agreed.audio.seal is None:
            return terms
        return dataclasses.replace(terms, sealing="required")

    def new_keys(self) -> OurKeys:
        return OurKeys(self._chance)

    def _terms(
        self,
        trunk: TrunkName | None,
        extension: ExtensionNumber | None,
        first: Codec | None,
        keys: OurKeys | None,
        secure: bool,
    ) -> Terms:
        settings: Trunk | Extension | None = None
        if trunk is not None:
            settings = self._trunks.get(trunk)
        elif extension is not None:
            settings = self._extensions.get(extension)
        if settings is None:
            return _UNKNOWN
        codecs = [codec for codec in settings.codecs if codec in self._spoken] or list(_UNKNOWN.codecs)
        codecs.sort(key=lambda codec: (codec == "G729", codec != first))  # the rest keeps the setting's order
        sealing = self._sealing(settings.encryption, secure)
        return Terms(
            tuple(codecs),
            taken=("G729",) if "G729" in self._spoken else (),
            sealing=sealing,
            keys=None if sealing == "no" or not self._can_seal else keys or self.new_keys(),
        )

    def _sealing(self, encryption: Encryption, secure: bool) -> Sealing:
        if encryption == "required":
            return "required"
        if encryption == "off" or not self._can_seal:
            return "no"
        return "preferred" if secure else "answered"


def _coded_in(call: Call, beside: Leg | None = None) -> Codec | None:
    """What a leg of the call speaks that is up, if it is no G.711: between the two laws nothing is to be saved."""
    for leg in call.legs:
        if leg is not beside and leg.state is LegState.UP and leg.agreed is not None:
            codec = leg.agreed.audio.codec
            if codec not in _LAWS:
                return codec
    return None
