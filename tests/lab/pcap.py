"""Capture files: pcap with nanoseconds or microseconds and pcapng, Ethernet only."""
import struct

import wire


class Packet:
    """One record of a capture, with its TCP segment (or None) and what label.py learns about it."""
    __slots__ = ("time", "data", "wire_len", "tcp", "conn", "side", "made", "copy")

    def __init__(self, time, data, wire_len):
        self.time, self.data, self.wire_len = time, data, wire_len
        self.conn = self.side = self.made = None
        self.copy = False       # a second capture of the packet before it
        self.tcp = None
        if len(data) >= 34 and data[12:14] in (b"\x08\x00", b"\x86\xdd"):
            self.tcp = wire.parse_ip(data, 14)

    def clone(self):
        other = Packet.__new__(Packet)
        for name in Packet.__slots__:
            setattr(other, name, getattr(self, name))
        return other


def read(path):
    """All records of a pcap file written by tcpdump on this machine."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return []
    magic = struct.unpack_from("<I", data)[0]
    scale = {0xA1B23C4D: 1, 0xA1B2C3D4: 1000}[magic]
    packets, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, kept, length = struct.unpack_from("<IIII", data, at)
        if at + 16 + kept > len(data):
            break
        packets.append(Packet(seconds * 1000000000 + fraction * scale, data[at + 16:at + 16 + kept], length))
        at += 16 + kept
    return packets


def write(path, packets, kind="pcap-ns", snaplen=262144):
    """Writes the records; kind is pcap-ns, pcap-us or pcapng."""
    with open(path, "wb") as file:
        if kind == "pcapng":
            file.write(pcapng_head(snaplen))
        else:
            magic = 0xA1B23C4D if kind == "pcap-ns" else 0xA1B2C3D4
            file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, snaplen, 1))
        for packet in packets:
            kept = packet.data[:snaplen]
            if kind == "pcapng":
                file.write(pcapng_packet(packet.time, kept, packet.wire_len))
                continue
            fraction = packet.time % 1000000000
            file.write(struct.pack("<IIII", packet.time // 1000000000, fraction if kind == "pcap-ns" else fraction // 1000,
                                   len(kept), packet.wire_len))
            file.write(kept)


def pcapng_head(snaplen):
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    resolution = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
    length = 20 + len(resolution)
    return section + struct.pack("<IIHHI", 1, length, 1, 0, snaplen) + resolution + struct.pack("<I", length)


def pcapng_packet(time, data, wire_len):
    length = 32 + len(data) + (-len(data) % 4)
    return (struct.pack("<IIIIIII", 6, length, 0, time >> 32, time & 0xFFFFFFFF, len(data), wire_len) + data +
            b"\0" * (-len(data) % 4) + struct.pack("<I", length))
