"""Where callbacks may go: a table of everything that leads inside, however it is spelled."""

from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.addresses import MOST_CHARACTERS, Egress, NotAllowed, networks, ports

WORLD = Egress()
OPEN = Egress((ip_network("0.0.0.0/0"), ip_network("::/0")), ((1, 65535),))
"""An operator who allowed all there is."""
MINISTRY = Egress(networks(["10.20.0.0/16", "127.0.0.0/8"]), ports(["8443", "9000-9099"]))

INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:a00:1::", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "3fff::1", "5f00::1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "169.254.169.254", "169.254.170.2", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fe80::1", "fe80::a9fe:a9fe%1", "224.0.0.1",
    "255.255.255.255", "::", "ff02::1", "::a9fe:a9fe", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "2002:6464:64c8::",
]  # fmt: skip
OUTSIDE = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_reached(address: str) -> None:
    assert not WORLD.permits(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is_reached_but_never_in_the_clear(address: str) -> None:
    assert WORLD.permits(address)
    assert not WORLD.permits(address, plain=True)
    assert not MINISTRY.permits(address, plain=True)


@pytest.mark.parametrize("address", NEVER)
def test_what_speaks_for_the_machine_is_never_reached_even_where_everything_is_allowed(address: str) -> None:
    assert not OPEN.permits(address)
    assert not OPEN.permits(address, plain=True)


def test_an_allowed_network_is_reached_and_its_neighbours_are_not() -> None:
    assert MINISTRY.permits("10.20.1.1")
    assert MINISTRY.permits("10.20.1.1", plain=True)
    assert MINISTRY.permits("::ffff:10.20.1.1")
    assert not MINISTRY.permits("10.21.0.1")
    assert not MINISTRY.permits("192.168.0.1")


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_whatever_it_is_wrapped(address: IPv4Address) -> None:
    mapped = str(ip_address(f"::ffff:{address}"))
    through = str(ip_address((0x64FF9B << 96) | int(address)))
    assert WORLD.permits(str(address)) == WORLD.permits(mapped) == WORLD.permits(through)


@given(st.text(max_size=40))
def test_what_is_no_address_is_not_reached(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert not OPEN.permits(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "https://example.org:443/hook?x=1",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/hook",
        "https://xn--fsq.example/",
        "https://a_b.example.org",
    ],
)
def test_an_address_on_the_web_is_taken(url: str) -> None:
    WORLD.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "ftp://example.org", "file:///etc/passwd", "https:///x", "https://", "example.org",
        "https://user@example.org/", "https://user:pass@example.org/", "https://@example.org/", "https://example.org#x",
        "https://example.org:8443/", "https://example.org:80/", "https://example.org:0/", "https://example.org:70000/",
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.1/", "https://0177.0.0.1/",
        "https://127.0.0.1./", "https://10.1/", "https://[fe80::1%25eth0]/", "https://[64:ff9b::7f00:1]/",
        "https://exa mple.org/", "https://example.org/\r\nx: y", "https://example.org\\@127.0.0.1/",
        "https://ex\u00e4mple.org/", "https://example.org/\u0000", "https://-bad.example/", "https://a..b/",
        "https://" + "a" * 64 + ".org/", "https://example.org/" + "x" * MOST_CHARACTERS, "https://[::1",
    ],
)  # fmt: skip
def test_an_address_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        WORLD.check(url)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("http://10.20.0.1:9050/", True),
        ("https://10.20.0.1:8443/", True),
        ("http://inside.ministry.example:9000/", True),
        ("http://10.21.0.1:9050/", False),
        ("http://10.20.0.1:9100/", False),
        ("http://10.20.0.1/", False),
        ("http://8.8.8.8:9000/", False),
    ],
)
def test_the_operator_says_which_networks_and_ports_there_are_beside(url: str, is_taken: bool) -> None:
    if is_taken:
        MINISTRY.check(url)
    else:
        with pytest.raises(NotAllowed):
            MINISTRY.check(url)


def test_what_is_no_network_or_port_is_no_setting() -> None:
    for name in ("10.0.0.1/8", "x"):
        with pytest.raises(ValueError, match=r".+"):
            networks([name])
    for name in ("0", "70000", "9-8", "x"):
        with pytest.raises(ValueError, match=r".+"):
            ports([name])
