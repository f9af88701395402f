"""Makes small captures for the tests of the command line: Ethernet, IPv4, TCP, classic pcap."""
import struct

SYN, RST, PSH, ACK = 2, 4, 8, 16
START = 1_700_000_000


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(text):
    return bytes(map(int, text.split(".")))


def packet(source, target, flags, seq, ack, payload=b"", window=64240, ident=1, ttl=64):
    tcp = struct.pack("!HHIIBBHHH", source[1], target[1], seq, ack, 5 << 4, flags, window, 0, 0)
    length = 20 + len(tcp) + len(payload)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, ident, 0x4000, ttl, 6, 0,
                         ip(source[0]), ip(target[0]))
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + header + tcp + payload


def refused(client, server, at=0.0, isn=1000):
    """A SYN that is answered with a RST: [(time, bytes)]."""
    return [(at, packet(client, server, SYN, isn, 0)),
            (at + 0.0001, packet(server, client, RST | ACK, 0, isn + 1, window=0, ident=0))]


def pcap(packets):
    """A classic pcap file, microseconds."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for at, data in packets:
        usec = round((START + at) * 1e6)
        out.append(struct.pack("<IIII", usec // 1000000, usec % 1000000, len(data), len(data)))
        out.append(data)
    return b"".join(out)
