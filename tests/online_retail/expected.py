#!/usr/bin/env python3
"""Computes, with pandas and apart from the program, what the shipped policies make of Online Retail.

    pip install pandas numpy
    python expected.py FOLDER_WITH_THE_DATA > expected.json

The data is Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0,
as `invoices.csv` (one row per invoice), `customers.csv` and `lines.csv.gz` (the rows as published).
Only these figures are kept, never the data. The archive holds all three files and nothing else; it is
the first run, at `now`. Fields of the JSON:

now             the time of the run
customers       how many there are
events          events per kind (`order`, `order_line`) and status
import          rows per source: `rows` in the file, `filtered` by `when`, `stored`, `rejected`
values          per metric and score that is a number: `known` (customers who have it), `sum`, `min`, `max`
cut_points      per value and part (`rank` has its population only): `population`, `figure`
segments        per segment, how many are in. `lapsing` must hold for a week first, so nobody is
tiers           per tier and level, how many; "" is no level
quadrants       per quadrant and cell, how many; "" is no cell
touches         per action, how many the run makes
digest_standing SHA-256 over a line per customer, in order of id, each ended by a newline:
                id,pyramid,selection,buying_style,overdue,lapsing,lost,rising,worth_winning_back
                with nothing for no level or cell and 0 or 1 for segments
digest_counts   likewise: id,orders,orders_12m,cancellations,order_lines,products
                with nothing for a missing value
digest_money    likewise: id,revenue_12m,revenue,line_revenue with 6 decimals each (0.000000, never -0.000000)

Left out: `favourite_product`, whose ties at one minute hang on how ids of rows without one are made.
"""

import hashlib
import json
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

DAY = 86_400_000
NOW_TEXT = "2011-12-10T00:00:00Z"
NOW = int(pd.Timestamp(NOW_TEXT).timestamp() * 1000)
CAPPED = 20


def instants(texts):
    """Local London times as milliseconds UTC: skipped ones move past the gap, repeated ones are the first."""
    local = pd.to_datetime(texts, format="%Y-%m-%d %H:%M")
    first = np.ones(len(local), dtype=bool)
    zoned = local.dt.tz_localize("Europe/London", ambiguous=first, nonexistent="shift_forward")
    return zoned.dt.tz_convert("UTC").dt.as_unit("ms").astype("int64")


def ordered_sum(numbers):
    total = 0.0
    for number in numbers:
        total += float(number)
    return round(total, 6) + 0.0


def window(events, days, before=0):
    end = NOW - before * DAY
    return events[(events["at"] > end - days * DAY) & (events["at"] <= end)]


def gaps(group):
    days = np.diff(group.to_numpy()) / DAY
    return float(np.median(days)) if len(days) else math.nan


def by_customer(events, column, function, ids, none=math.nan):
    found = {key: function(group) for key, group in events.groupby("customer", sort=False)[column]}
    return pd.Series([found.get(key, none) for key in ids], index=ids, dtype="float64")


def rank(values):
    known = values.dropna()
    return (known.rank(method="average") / len(known)).reindex(values.index)


def top(values, share):
    """The value of the ceil(p·N)-th from the top, p exactly."""
    known = sorted(values.dropna(), reverse=True)
    return known[math.ceil(Fraction(share) * len(known)) - 1]


def holds(values, share):
    known = sorted(values.dropna(), reverse=True)
    goal = float(Fraction(share)) * math.fsum(value for value in known if value > 0)
    held = 0.0
    for place, value in enumerate(known):
        held += value
        last_of_equals = place + 1 == len(known) or known[place + 1] != value
        if held >= goal and last_of_equals:
            return value
    raise ValueError("nobody holds that much")


def best(among, by):
    order = sorted((-by[key], key) for key in among.index[among])
    kept = {key for _, key in order[:CAPPED]}
    return pd.Series([key in kept for key in among.index], index=among.index)


def quadrant(x, x_split, y, y_split, names):
    """Names: top right, bottom right, top left, bottom left."""
    cells = []
    for right, upper in zip(x, y):
        if math.isnan(right) or math.isnan(upper):
            cells.append("")
        else:
            cells.append(names[(0 if right >= x_split else 2) + (0 if upper >= y_split else 1)])
    return pd.Series(cells, index=x.index)


def read(folder):
    text = {"dtype": str, "keep_default_na": False}
    customers = pd.read_csv(folder / "customers.csv", **text)
    orders = pd.read_csv(folder / "invoices.csv", **text)
    lines = pd.read_csv(folder / "lines.csv.gz", **text)
    for frame in (orders, lines):
        frame["customer"] = frame["CustomerID"]
        frame["at"] = instants(frame["InvoiceDate"])
        frame["quantity"] = frame["Quantity"].astype("float64")
        cancelled = frame["InvoiceNo"].str.startswith("C")
        frame["status"] = np.where(cancelled, "cancelled", "placed")
    orders["amount"] = orders["Amount"].astype("float64")
    lines["amount"] = lines["quantity"] * lines["UnitPrice"].astype("float64")
    orders = orders.sort_values(["at", "InvoiceNo"], kind="stable")
    assert orders["InvoiceNo"].is_unique and orders["at"].max() <= NOW and lines["at"].max() <= NOW
    return customers, orders, lines


def values_of(orders, lines, ids):
    placed, cancelled = (orders[orders["status"] == status] for status in ("placed", "cancelled"))
    bought = lines[lines["status"] == "placed"]
    values = {
        "orders": by_customer(placed, "at", len, ids, 0),
        "orders_12m": by_customer(window(placed, 365), "at", len, ids, 0),
        "days_since_order": by_customer(placed, "at", lambda at: (NOW - at.iloc[-1]) / DAY, ids),
        "revenue_12m": by_customer(window(orders, 365), "amount", ordered_sum, ids, 0),
        "revenue": by_customer(orders, "amount", ordered_sum, ids, 0),
        "revenue_3m": by_customer(window(orders, 90), "amount", ordered_sum, ids, 0),
        "revenue_3m_before": by_customer(window(orders, 90, 90), "amount", ordered_sum, ids, 0),
        "usual_order": by_customer(placed, "amount", lambda amounts: amounts.median(), ids),
        "cancellations": by_customer(cancelled, "at", len, ids, 0),
        "order_gap": by_customer(placed, "at", gaps, ids),
        "order_lines": by_customer(lines, "at", len, ids, 0),
        "line_revenue": by_customer(lines, "amount", ordered_sum, ids, 0),
        "products": by_customer(bought, "StockCode", lambda codes: codes.nunique(), ids),
        "returned_pieces": by_customer(lines[lines["quantity"] < 0], "quantity", lambda q: -q.sum(), ids, 0),
    }
    active = values["orders_12m"] > 0
    values["cancelled_share"] = values["cancellations"] / (values["orders"] + values["cancellations"])
    grew = values["revenue_3m_before"] > 0
    values["growth"] = (values["revenue_3m"] / values["revenue_3m_before"].where(grew)).where(grew, 1.0)
    values["recency_rank"] = rank((-values["days_since_order"]).where(active))
    values["frequency_rank"] = rank(values["orders_12m"].where(active))
    values["monetary_rank"] = rank(values["revenue_12m"].where(active))
    ranks = values["recency_rank"] + values["frequency_rank"] + values["monetary_rank"]
    values["rfm"] = ranks / 3
    values["lateness"] = values["days_since_order"] / values["order_gap"].clip(lower=7)
    return values, active


def segments_of(values):
    since, gap = values["days_since_order"], values["order_gap"]
    late = since > (2 * gap).clip(lower=14)  # a missing gap stays missing: not late
    lost = (values["orders"] >= 2) & (since > (4 * gap).clip(lower=180))
    segments = {
        "overdue": (values["orders"] >= 3) & late,
        "lapsing": pd.Series(False, index=since.index),
        "lost": lost,
        "rising": best((values["orders_12m"] >= 3) & (values["growth"] >= 2), values["revenue_3m"]),
        "worth_winning_back": best(lost & (values["revenue"] > 0), values["revenue"]),
    }
    nearest = (since - (2 * gap).clip(lower=14)).abs().min()
    assert nearest > 1e-9, "a customer stands exactly on the border"
    return segments


def classes_of(values, active):
    """Levels and cells, and the cut points behind them."""
    by = values["revenue_12m"].where(active)
    key, secondary, ordinary = top(by, "0.01"), top(by, "0.20"), holds(by, "0.95")
    levels = [
        "" if math.isnan(value)
        else "key" if value >= key
        else "secondary" if value >= secondary
        else "ordinary" if value >= ordinary
        else "small"
        for value in by
    ]
    median = float(values["frequency_rank"].median())
    mean = float(values["orders_12m"].mean())
    large = top(values["usual_order"], "0.20")
    cells = ["focus", "moment", "passive", "let_go"]
    styles = ["cornerstone", "regular", "bulk", "occasional"]
    people, with_usual = int(active.sum()), int(values["usual_order"].count())
    cuts = {
        "pyramid.key": {"population": people, "figure": key},
        "pyramid.secondary": {"population": people, "figure": secondary},
        "pyramid.ordinary": {"population": people, "figure": ordinary},
        "selection.y": {"population": people, "figure": median},
        "buying_style.x": {"population": len(active), "figure": mean},
        "buying_style.y": {"population": with_usual, "figure": large},
    }
    cuts |= {f"{name}_rank.rank": {"population": people} for name in ("recency", "frequency", "monetary")}
    classes = {
        "pyramid": pd.Series(levels, index=by.index),
        "selection": quadrant(values["monetary_rank"], 0.8, values["frequency_rank"], median, cells),
        "buying_style": quadrant(values["orders_12m"], mean, values["usual_order"], large, styles),
    }
    return classes, cuts


def figures(series):
    known = series.dropna()
    return {
        "known": len(known),
        "sum": math.fsum(known),
        "min": float(known.min()),
        "max": float(known.max()),
    }


def digest(rows):
    return hashlib.sha256("".join(",".join(row) + "\n" for row in rows).encode()).hexdigest()


def count(number):
    return "" if math.isnan(number) else str(int(number))


def main(folder):
    customers, orders, all_lines = read(folder)
    lines = all_lines[all_lines["customer"] != ""]
    ids = sorted(set(customers["CustomerID"]) | set(orders["customer"]) | set(lines["customer"]))
    values, active = values_of(orders, lines, ids)
    segments = segments_of(values)
    classes, cuts = classes_of(values, active)
    called = segments["overdue"] & classes["pyramid"].isin(["key", "secondary"])
    statuses = {"order": orders["status"], "order_line": lines["status"]}
    counts = ["orders", "orders_12m", "cancellations", "order_lines", "products"]
    money = ["revenue_12m", "revenue", "line_revenue"]
    tallies = {name: series.value_counts().sort_index().to_dict() for name, series in classes.items()}
    result = {
        "about": "What the shipped policies make of Online Retail, computed by expected.py beside this file; "
        "its docstring says what each field is. Data: Chen (2015), doi 10.24432/C5BW33, CC BY 4.0.",
        "now": NOW_TEXT,
        "customers": len(ids),
        "events": {kind: status.value_counts().to_dict() for kind, status in statuses.items()},
        "import": {
            "customers": {"rows": len(customers), "filtered": 0, "stored": len(customers), "rejected": 0},
            "orders": {"rows": len(orders), "filtered": 0, "stored": len(orders), "rejected": 0},
            "order_lines": {
                "rows": len(all_lines),
                "filtered": len(all_lines) - len(lines),
                "stored": len(lines),
                "rejected": 0,
            },
        },
        "values": {name: figures(series) for name, series in sorted(values.items())},
        "cut_points": dict(sorted(cuts.items())),
        "segments": {name: int(series.sum()) for name, series in segments.items()},
        "tiers": {"pyramid": tallies["pyramid"]},
        "quadrants": {name: tallies[name] for name in ("selection", "buying_style")},
        "touches": {
            "overdue_call": int(called.sum()),
            "win_back_call": int(segments["worth_winning_back"].sum()),
            "second_order_call": 0,
        },
        "digest_standing": digest(
            [key]
            + [series[key] for series in classes.values()]
            + [str(int(series[key])) for series in segments.values()]
            for key in ids
        ),
        "digest_counts": digest([key] + [count(values[name][key]) for name in counts] for key in ids),
        "digest_money": digest([key] + [f"{values[name][key]:.6f}" for name in money] for key in ids),
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
