"""What Schemathesis cannot know: ids, cursors and positions that exist. And what it does not tell: how often an operation was
taken, in all (its report has the last scenario of each phase alone).

A request is made from the API's document, so its ids are well-formed and name nothing. Most of them are put in the place
of real ones here; what is malformed on purpose stays as it is, and so does a part of the unknown ones.
"""

import atexit
import collections
import json
import os
import uuid
import zlib

import schemathesis
from schemathesis import GenerationMode

FACTS = json.loads(os.environ["CHATLOG_FACTS"])
# Of so many values one stays unknown.
UNKNOWN = 8
TAKEN = collections.Counter()
EMOJI = ["🎉", "👍", "❤️", "🫖"]


def is_id(value):
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def real(name, n, facts):
    """The real thing that a field or parameter of this name means; None where any value will do."""
    if name == "room":
        return facts["room"]
    if name in ("id", "message", "around", "reply_to"):
        return facts["messages"][n % len(facts["messages"])]
    if name in ("user", "members", "ids"):
        return FACTS["users"][n % len(FACTS["users"])]
    if name in ("at_least", "position"):
        return facts["position"]
    if name in ("before", "after"):
        return facts.get("cursor")
    if name == "emoji":
        return EMOJI[n % len(EMOJI)]
    return None


def settled(name, value, facts, opaque):
    """The value with real things in it. `opaque`: also where any text is of the form."""
    if isinstance(value, dict):
        return {key: settled(key, inner, facts, opaque) for key, inner in value.items()}
    if isinstance(value, list):
        return [settled(name, inner, facts, opaque) for inner in value]
    if not isinstance(value, str) or not (opaque or is_id(value)):
        return value
    n = zlib.crc32(value.encode("utf-8", "replace"))
    found = real(name, n, facts) if n % UNKNOWN else None
    return found or value


@schemathesis.hook
def before_call(context, case, kwargs):
    facts = FACTS["rooms"].get(f"{case.method.upper()} {case.operation.path}")
    if facts is None:
        return
    meta = case.meta
    opaque = meta is not None and meta.generation.mode == GenerationMode.POSITIVE
    modes = {location.value: component.mode for location, component in meta.components.items()} if meta else {}
    for part, location in (("path_parameters", "path"), ("query", "query"), ("body", "body")):
        value = getattr(case, part)
        # A part that is wrong on purpose keeps what is wrong with it.
        if isinstance(value, dict) and modes.get(location) != GenerationMode.NEGATIVE:
            setattr(case, part, settled(part, value, facts, opaque))


@schemathesis.hook
def after_call(context, case, response):
    if 200 <= response.status_code < 400:
        TAKEN[f"{case.method.upper()} {case.operation.path}"] += 1


@atexit.register
def tell():
    with open(os.environ["CHATLOG_TAKEN"], "w", encoding="utf-8") as file:
        json.dump(TAKEN, file)
