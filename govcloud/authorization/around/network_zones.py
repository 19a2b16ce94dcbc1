"""Network zones: named sets of addresses, so that a rule can say from where something may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from types import MappingProxyType

Network = IPv4Network | IPv6Network
#: The zone of an address that lies in none of the named ones.
OUTSIDE = "outside"


@dataclass(frozen=True)
class NetworkZones:
    """Zones by the networks that make them up; of two that hold an address, the narrower network counts."""

    #: (version, length of the prefix) → first address of the network → zone; the longest prefixes first.
    _by_length: Mapping[tuple[int, int], Mapping[int, str]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Return every word that ``zone_of`` may answer with; none when there are no zones, and it never answers."""
        named = {zone for networks in self._by_length.values() for zone in networks.values()}
        return frozenset({*named, OUTSIDE}) if named else frozenset()

    def zone_of(self, address: str | None) -> str | None:
        """Return the zone of an address: ``outside`` when it is in none, ``None`` when there is no address, or there are no zones."""
        found = _address(address)
        if found is None or not self._by_length:
            return None
        number, bits = int(found), found.max_prefixlen
        for (version, length), networks in self._by_length.items():
            if version == found.version:
                zone = networks.get(number >> (bits - length) << (bits - length))
                if zone is not None:
                    return zone
        return OUTSIDE


def zones_of(networks: Mapping[str, tuple[Network, ...]]) -> NetworkZones:
    """Return zones made of networks by name.

    Raises:
        ValueError: a network stands in two zones, or a zone is called like what lies outside.
    """
    by_length: dict[tuple[int, int], dict[int, str]] = {}
    for zone, members in networks.items():
        if zone == OUTSIDE:
            msg = f"{OUTSIDE!r} is what lies in no zone; call this one otherwise"
            raise ValueError(msg)
        for network in members:
            same = by_length.setdefault((network.version, network.prefixlen), {})
            first = int(network.network_address)
            if same.setdefault(first, zone) != zone:
                msg = f"the network {network} stands in two zones, {same[first]!r} and {zone!r}"
                raise ValueError(msg)
    ordered = sorted(by_length.items(), key=lambda item: -item[0][1])
    return NetworkZones(MappingProxyType({key: MappingProxyType(found) for key, found in ordered}))


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    """Return the address; one of version 4 that is written as one of version 6 is the same address."""
    if text is None:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
