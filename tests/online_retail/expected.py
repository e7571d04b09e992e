#!/usr/bin/env python3
"""Computes, with pandas and apart from the program, what the shipped policies make of Online Retail.

    pip install pandas numpy
    python expected.py FOLDER_WITH_THE_DATA > expected.json

The data is Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0,
as `invoices.csv` (one row per invoice), `customers.csv` and `lines.csv.gz` (the rows as published).
Only these figures are kept, never the data. The archive holds all three files and nothing else. There are
two runs of everything, nothing arrives between them: the first places everybody, the second, eight days
later, meets what the first left behind (margins, `enter_after`, `fall_after`, places kept by `best`).

customers       how many there are
events          events per kind (`order`, `order_line`) and status
import          rows per source: `rows` in the file, `filtered` by `when`, `stored`, `rejected`
runs            for each run the fields below
now             the time of the run
values          per metric and score that is a number: `known` (customers who have it), `sum`, `min`, `max`
cut_points      per value and part (`rank` has its population only): `population`, `figure`
segments        per segment, how many are in. `lapsing` must hold for a week first, so nobody is in the first run
tiers           per tier and level, how many; "" is no level
quadrants       per quadrant and cell, how many; "" is no cell
transitions     per segment, tier and quadrant, how many customers changed (the first placement is none)
touches         per action, how many the run makes
digest_standing SHA-256 over a line per customer, in order of id, each ended by a newline:
                id,pyramid,selection,buying_style,overdue,lapsing,lost,rising,worth_winning_back
                with nothing for no level or cell and 0 or 1 for segments
digest_counts   likewise: id,orders,orders_12m,cancellations,order_lines,products
                with nothing for a missing value
digest_money    likewise: id,revenue_12m,revenue,line_revenue with 6 decimals each (0.000000, never -0.000000)

Only what invoices, customers and lines tell is computed: the older segments, tiers and quadrants; other classes of the
shipped policies need what Online Retail doesn't have. Left out as well: `favourite_product`, whose ties at one minute hang on how ids of rows without one are made.
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
RUNS = ["2011-12-10T00:00:00Z", "2011-12-18T00:00:00Z"]
LEVELS = ["key", "secondary", "ordinary", "small", ""]
CAPPED = 20
MARGIN = 0.3  # the usual one: the data has none of its own


def milliseconds(text):
    return int(pd.Timestamp(text).timestamp() * 1000)


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


def window(events, now, days, before=0):
    end = now - before * DAY
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


def best(among, by, members):
    """Members keep their place while they qualify, the free ones go to the greatest."""
    order = sorted((key not in members, -by[key], key) for key in among.index[among])
    kept = {key for _, _, key in order[:CAPPED]}
    return pd.Series([key in kept for key in among.index], index=among.index)


def side(value, split, margin, before):
    """Whether right or top; `before` is the former side, or None."""
    border = split if before is None else split - margin if before else split + margin
    assert border == split or abs(value - border) > 1e-12, "a customer stands exactly on the border"
    return value >= border


def quadrant(x, x_split, y, y_split, names, margins=(0, 0), before=None):
    """Names: top right, bottom right, top left, bottom left."""
    cells = []
    for key, right, upper in zip(x.index, x, y):
        if math.isnan(right) or math.isnan(upper):
            cells.append("")
            continue
        former = names.index(before[key]) if before is not None and before[key] else None
        was_right, was_upper = (None, None) if former is None else (former < 2, former % 2 == 0)
        is_right = side(right, x_split, margins[0], was_right)
        is_upper = side(upper, y_split, margins[1], was_upper)
        cells.append(names[(0 if is_right else 2) + (0 if is_upper else 1)])
    return pd.Series(cells, index=x.index)


def held(levels, before):
    """A rise counts at once; no fall has held for thirty days."""
    if before is None:
        return levels
    pairs = zip(levels, before)
    return pd.Series([min(pair, key=LEVELS.index) for pair in pairs], index=levels.index)


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
    assert orders["InvoiceNo"].is_unique and max(orders["at"].max(), lines["at"].max()) <= milliseconds(RUNS[0])
    return customers, orders, lines


def values_of(orders, lines, ids, now):
    placed, cancelled = (orders[orders["status"] == status] for status in ("placed", "cancelled"))
    bought = lines[lines["status"] == "placed"]
    values = {
        "orders": by_customer(placed, "at", len, ids, 0),
        "orders_12m": by_customer(window(placed, now, 365), "at", len, ids, 0),
        "days_since_order": by_customer(placed, "at", lambda at: (now - at.iloc[-1]) / DAY, ids),
        "revenue_12m": by_customer(window(orders, now, 365), "amount", ordered_sum, ids, 0),
        "revenue": by_customer(orders, "amount", ordered_sum, ids, 0),
        "revenue_3m": by_customer(window(orders, now, 90), "amount", ordered_sum, ids, 0),
        "revenue_3m_before": by_customer(window(orders, now, 90, 90), "amount", ordered_sum, ids, 0),
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


def segments_of(values, before):
    """`before` has the segments of the run eight days earlier, or is None."""
    since, gap = values["days_since_order"], values["order_gap"]
    late = since > (2 * gap).clip(lower=14)  # a missing gap stays missing: not late
    lost = (values["orders"] >= 2) & (since > (4 * gap).clip(lower=180))
    rising = (values["orders_12m"] >= 3) & (values["growth"] >= 2)
    worth = lost & (values["revenue"] > 0)
    overdue = (values["orders"] >= 3) & late
    members = {name: set() for name in ("rising", "worth_winning_back")}
    if before is not None:
        members = {name: set(before[name].index[before[name]]) for name in members}
    segments = {
        "overdue": overdue,
        # Nobody orders between the runs, so nobody leaves.
        "lapsing": overdue & (before["overdue"] if before is not None else False),
        "lost": lost,
        "rising": best(rising, values["revenue_3m"], members["rising"]),
        "worth_winning_back": best(worth, values["revenue"], members["worth_winning_back"]),
    }
    nearest = (since - (2 * gap).clip(lower=14)).abs().min()
    assert nearest > 1e-9, "a customer stands exactly on the border"
    return segments


def classes_of(values, active, before):
    """Levels and cells, and the cut points behind them; `before` has those of the run before, or is None."""
    by = (values["revenue_12m"] * MARGIN).where(active)
    key, secondary, ordinary = top(by, "0.01"), top(by, "0.20"), holds(by, "0.95")
    levels = [
        "" if math.isnan(value)
        else "key" if value >= key
        else "secondary" if value >= secondary
        else "ordinary" if value >= ordinary
        else "small"
        for value in by
    ]
    levels = held(pd.Series(levels, index=by.index), before and before["pyramid"])
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
        "pyramid": levels,
        "selection": quadrant(
            values["monetary_rank"],
            0.8,
            values["frequency_rank"],
            median,
            cells,
            margins=(0.02, 0.05),
            before=before and before["selection"],
        ),
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


def tally(series):
    return series.value_counts().sort_index().to_dict()


def run_of(now, orders, lines, ids, before):
    """The figures of one run, and the state that the next one meets."""
    values, active = values_of(orders, lines, ids, milliseconds(now))
    segments = segments_of(values, before and before["segments"])
    classes, cuts = classes_of(values, active, before and before["classes"])
    since = values["days_since_order"]
    alone = (values["orders"] == 1) & (since > 60) & (since <= 90) & (values["usual_order"] >= 300)
    truths = {
        "overdue_call": segments["overdue"] & classes["pyramid"].isin(["key", "secondary"]),
        "win_back_call": segments["worth_winning_back"],
        "second_order_call": alone,
    }
    standing = classes | segments
    if before is None:
        transitions = dict.fromkeys(standing, 0)
        # What was true at first sight fires where `backlog = "fire"`.
        touches = {name: int(truth.sum()) for name, truth in truths.items()} | {"second_order_call": 0}
    else:
        former = before["classes"] | before["segments"]
        transitions = {name: int((series != former[name]).sum()) for name, series in standing.items()}
        touches = {name: int((truth & ~before["truths"][name]).sum()) for name, truth in truths.items()}
    counts = ["orders", "orders_12m", "cancellations", "order_lines", "products"]
    money = ["revenue_12m", "revenue", "line_revenue"]
    result = {
        "now": now,
        "values": {name: figures(series) for name, series in sorted(values.items())},
        "cut_points": dict(sorted(cuts.items())),
        "segments": {name: int(series.sum()) for name, series in segments.items()},
        "tiers": {"pyramid": tally(classes["pyramid"])},
        "quadrants": {name: tally(classes[name]) for name in ("selection", "buying_style")},
        "transitions": transitions,
        "touches": touches,
        "digest_standing": digest(
            [key]
            + [series[key] for series in classes.values()]
            + [str(int(series[key])) for series in segments.values()]
            for key in ids
        ),
        "digest_counts": digest([key] + [count(values[name][key]) for name in counts] for key in ids),
        "digest_money": digest([key] + [f"{values[name][key]:.6f}" for name in money] for key in ids),
    }
    return result, {"segments": segments, "classes": classes, "truths": truths}


def main(folder):
    customers, orders, all_lines = read(folder)
    lines = all_lines[all_lines["customer"] != ""]
    ids = sorted(set(customers["CustomerID"]) | set(orders["customer"]) | set(lines["customer"]))
    statuses = {"order": orders["status"], "order_line": lines["status"]}
    runs, state = [], None
    for now in RUNS:
        result, state = run_of(now, orders, lines, ids, state)
        runs.append(result)
    sizes = {"customers": customers, "orders": orders, "order_lines": all_lines}
    stored = {"customers": customers, "orders": orders, "order_lines": lines}
    result = {
        "about": "What the shipped policies make of Online Retail, computed by expected.py beside this file; "
        "its docstring says what each field is. Data: Chen (2015), doi 10.24432/C5BW33, CC BY 4.0.",
        "customers": len(ids),
        "events": {kind: tally(status) for kind, status in statuses.items()},
        "import": {
            name: {
                "rows": len(frame),
                "filtered": len(frame) - len(stored[name]),
                "stored": len(stored[name]),
                "rejected": 0,
            }
            for name, frame in sizes.items()
        },
        "runs": runs,
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
