"""Runs the one tool of this example; WIRO_API_KEY says who pays."""

import sys

import acme_tools
from acme_tools.acme import poster

from wiro_runtime import InvalidInputs, Wiro

with Wiro() as client:
    result = poster.run(client, prompt="a lighthouse", copies=2)
    try:
        poster.run(client, prompt="a lighthouse", copies=11)
    except InvalidInputs as error:
        sys.stdout.write(f"{error}\n")

sys.stdout.write(f"{acme_tools.__doc__}\n{len(result.outputs)} output\n")
