"""The emulator ministack, without Nagle's algorithm: its Lambda would otherwise wait for an acknowledgement, some 40 ms,
in every invocation."""

import socketserver

from ministack.app import main

socketserver.StreamRequestHandler.disable_nagle_algorithm = True
main()
