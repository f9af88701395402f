#!/usr/bin/env python3
"""A host with another TCP/IP stack: lwIP (Debian's liblwip0) on a TAP device. Run by scenarios/foreign.py.

    lwip_host.py ADDRESS GATEWAY PORT      PRECONFIGURED_TAPIF names the device

Ports from PORT: answers and aborts with SO_LINGER {1, 0}; closes without reading; answers and closes.
"""
import ctypes
import socket
import sys
import threading
import time

ABORT, UNREAD, CLOSE = range(3)
SIZE = 65536


def address_of(text):
    return ctypes.byref(ctypes.c_uint32(int.from_bytes(socket.inet_aton(text), "little")))


class Stack:
    def __init__(self, address, gateway):
        self.lwip, self.address = ctypes.CDLL("liblwip.so.0"), address
        self.netif = ctypes.create_string_buffer(4096)  # struct netif, generously
        up = threading.Event()

        def started(_):
            lwip = self.lwip
            lwip.netif_add.restype = ctypes.c_void_p
            lwip.netif_add(self.netif, address_of(address), address_of("255.255.255.0"), address_of(gateway), None,
                           lwip.tapif_init, lwip.tcpip_input)
            lwip.netif_set_default(self.netif)
            lwip.netif_set_link_up(self.netif)
            lwip.netif_set_up(self.netif)
            up.set()
        self.callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(started)
        self.lwip.tcpip_init(self.callback, None)
        if not up.wait(5):
            sys.exit("lwIP did not start")

    def listen(self, port):
        sock = self.lwip.lwip_socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        name = socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + socket.inet_aton(self.address) + bytes(8)
        if self.lwip.lwip_bind(sock, name, len(name)) or self.lwip.lwip_listen(sock, 10):
            sys.exit("lwIP does not listen on port %d" % port)
        return sock

    def serve(self, listener, how):
        while True:
            sock = self.lwip.lwip_accept(listener, None, None)
            threading.Thread(target=self.treat, args=(sock, how)).start()

    def treat(self, sock, how):
        lwip, data = self.lwip, ctypes.create_string_buffer(SIZE)
        if how == UNREAD:
            time.sleep(0.6)
        else:
            lwip.lwip_read(sock, data, SIZE)
            lwip.lwip_write(sock, data, SIZE // 2 if how == ABORT else 100)
        if how == ABORT:
            linger = (1).to_bytes(4, "little") + bytes(4)
            lwip.lwip_setsockopt(sock, socket.SOL_SOCKET, socket.SO_LINGER, linger, len(linger))
        lwip.lwip_close(sock)


def main():
    stack, port = Stack(sys.argv[1], sys.argv[2]), int(sys.argv[3])
    for how in (ABORT, UNREAD, CLOSE):
        threading.Thread(target=stack.serve, args=(stack.listen(port + how), how)).start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
