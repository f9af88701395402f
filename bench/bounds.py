"""What whyrst promises about its cost. Never a failing test: machines and moods differ."""


class Bounds:
    def __init__(self):
        self.rows = []

    def at_most(self, text, value, limit, unit="x"):
        self._add(text, value, limit, unit, "<=", value is not None and value <= limit)

    def at_least(self, text, value, limit, unit="x"):
        self._add(text, value, limit, unit, ">=", value is not None and value >= limit)

    def _add(self, text, value, limit, unit, sign, met):
        verdict = "not measured" if value is None else "met" if met else "not met"
        self.rows.append({"bound": text, "limit": f"{sign} {limit:g}{unit}",
                          "measured": None if value is None else round(value, 3),
                          "unit": unit, "verdict": verdict})

    def table(self):
        lines = ["| Bound | Limit | Measured | |", "|---|---:|---:|---|"]
        for row in self.rows:
            value = "–" if row["measured"] is None else f"{row['measured']:.2f}{row['unit']}"
            lines.append(f"| {row['bound']} | {row['limit']} | {value} | {row['verdict']} |")
        return lines
