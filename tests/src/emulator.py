"""The emulator ministack, with two of its edges off.

- Without Nagle's algorithm: its Lambda would otherwise wait for an acknowledgement, some 40 ms, in every invocation.
- Its stacks do not look at ExcludePunctuation, and a comma in a key is to us where the next key begins.
"""

import socketserver
import string

from ministack.app import main
from ministack.services.cloudformation import provisioners

socketserver.StreamRequestHandler.disable_nagle_algorithm = True

made_as_it_does = provisioners._sm_secret_string


def made_as_asked(properties):
    wanted = properties.get("GenerateSecretString") or {}
    if wanted.get("ExcludePunctuation"):
        wanted = {**wanted, "ExcludeCharacters": string.punctuation}
        properties = {**properties, "GenerateSecretString": wanted}
    return made_as_it_does(properties)


provisioners._sm_secret_string = made_as_asked
main()
