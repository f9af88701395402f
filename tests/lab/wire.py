"""Packets as bytes: building (raw sockets, the box's own RSTs) and parsing (captures)."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pack_ip(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def ip_text(packed):
    return socket.inet_ntop(socket.AF_INET6 if len(packed) == 16 else socket.AF_INET, packed)


def tcp_packet(src, sport, dst, dport, seq, ack, flags, window=0, payload=b"", options=b"", ttl=64, ip_id=0, df=True, tos=0):
    """One IPv4 or IPv6 packet; src and dst are packed addresses."""
    options += b"\0" * (-len(options) % 4)
    header = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(options)) << 2,
                         flags, window, 0, 0)
    segment = header + options + payload
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, 6, len(segment))
    else:
        pseudo = src + dst + struct.pack("!II", len(segment), 6)
    total = checksum(pseudo + segment)
    segment = segment[:16] + struct.pack("!H", total) + segment[18:]
    if len(src) == 16:
        return struct.pack("!IHBB", 0x60000000 | tos << 20, len(segment), 6, ttl) + src + dst + segment
    ip = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(segment), ip_id, 0x4000 if df else 0, ttl, 6, 0) + src + dst
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + segment


class Segment:
    """What the lab needs of one captured TCP segment."""
    __slots__ = ("src", "dst", "sport", "dport", "seq", "ack", "flags", "window", "length", "ttl", "ip_id",
                 "payload_at", "options", "tos")

    @property
    def key(self):
        return (self.src, self.sport, self.dst, self.dport)

    @property
    def end(self):
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xFFFFFFFF


def parse_ip(data, at=0):
    """The TCP segment in an IP packet that starts at `at`, or None."""
    if len(data) < at + 40:
        return None
    out = Segment()
    if data[at] >> 4 == 4:
        header = (data[at] & 15) * 4
        if data[at + 9] != 6:
            return None
        total = struct.unpack_from("!H", data, at + 2)[0]
        out.ip_id = struct.unpack_from("!H", data, at + 4)[0]
        out.tos = data[at + 1]
        out.ttl = data[at + 8]
        out.src, out.dst = bytes(data[at + 12:at + 16]), bytes(data[at + 16:at + 20])
        tcp = at + header
        end = at + total if total else len(data)
    elif data[at] >> 4 == 6:
        if data[at + 6] != 6:
            return None
        length = struct.unpack_from("!H", data, at + 4)[0]
        out.ip_id = 0
        out.tos = (struct.unpack_from("!H", data, at)[0] >> 4) & 0xFF
        out.ttl = data[at + 7]
        out.src, out.dst = bytes(data[at + 8:at + 24]), bytes(data[at + 24:at + 40])
        tcp = at + 40
        end = tcp + length if length else len(data)
    else:
        return None
    if len(data) < tcp + 20:
        return None
    out.sport, out.dport, out.seq, out.ack, offset, out.flags, out.window = struct.unpack_from("!HHIIBBH", data, tcp)
    offset = (offset >> 4) * 4
    out.length = max(0, end - tcp - offset)
    out.payload_at = tcp + offset
    out.options = bytes(data[tcp + 20:tcp + offset])
    return out
