"""All scenarios, by name. A scenario says what it does, never what the packets will look like."""
import importlib
import math

SCENARIOS = {}
MODULES = ["abort", "unread", "refused", "halfopen", "closing", "timeouts", "handshake", "firewall", "middlebox", "injected",
           "declared", "odd", "clean", "programs", "foreign", "minutes", "tls"]


class Scenario:
    def __init__(self, function, cause, weight, lan_only, versions, limit):
        self.function, self.cause, self.weight, self.limit = function, cause, weight, limit
        self.name, self.lan_only, self.versions = function.__name__, lan_only, versions
        self.module = function.__module__.rsplit(".", 1)[-1]
        self.what = " ".join((function.__doc__ or "").split())


def scenario(cause, weight=1.0, lan_only=False, versions=(4, 6), limit=None):
    """Registers `async def name(lab, conn, rng, v)`. cause is what it aims at; the label follows the kernel.

    limit: seconds it may take, where that is more than usual."""
    def register(function):
        SCENARIOS[function.__name__] = Scenario(function, cause, weight, lan_only, versions, limit)
        return function
    return register


def load():
    for name in MODULES:
        importlib.import_module("scenarios." + name)
    return SCENARIOS


def chosen(one, only):
    """Whether this scenario is among those asked for. What needs more software or time is played only when it or its module is named."""
    usual = one.module not in ("programs", "foreign", "minutes", "tls") and one.weight > 0
    if only is None:
        return usual
    return one.name in only or one.module in only or (one.cause in only and usual)


def side(conn, rng, server=0.6):
    """Draws who makes the reset; (side, other side)."""
    who = conn.params.get("resetter") or ("s" if rng.random() < server else "c")
    conn.params["resetter"] = who
    return who, "c" if who == "s" else "s"


def pick(conn, rng, name, choices):
    """One of the choices, unless the parameter is given already."""
    drawn = rng.choice(choices)
    return conn.params.setdefault(name, drawn)


def size(conn, rng, low, high, name="size"):
    """A size between low and high bytes, every magnitude equally likely."""
    value = conn.params.get(name)
    if value is None:
        value = int(round(math.exp(rng.uniform(math.log(low), math.log(high)))))
    conn.params[name] = value
    return value
