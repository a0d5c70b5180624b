"""The few functions that the plain lines of a preparation call, as the source that a script begins with."""

from __future__ import annotations

HELPERS = {
    "number": """
def number(cells, fill, center=0.0, scale=1.0, bounds=(-np.inf, np.inf), indicator=False):
    missing = ~np.isfinite(cells)
    y = (np.clip(np.where(missing, fill, cells), *bounds) - center) / scale
    y = np.clip(y, -1e6, 1e6)
    return np.column_stack([y, missing]) if indicator else y
""",
    "smooth": """
def smooth(cells, limit, fill, center=0.0, scale=1.0, bounds=(-np.inf, np.inf), indicator=False):
    missing = ~np.isfinite(cells)
    y = (np.clip(np.where(missing, fill, cells), *bounds) - center) / scale
    y = np.clip(y, -1e6, 1e6)
    y = y / np.sqrt(1 + (y / limit) ** 2)
    return np.column_stack([y, missing]) if indicator else y
""",
    "by_rank": """
def by_rank(cells, quantiles, deviates, fill, bounds=(-np.inf, np.inf), indicator=False):
    missing = ~np.isfinite(cells)
    y = np.interp(np.clip(np.where(missing, fill, cells), *bounds), quantiles, deviates)
    return np.column_stack([y, missing]) if indicator else y
""",
    "yes_no": """
def yes_no(cells, no, yes, fill, indicator=False):
    cells = np.char.lower(cells)
    y = np.where(cells == yes, 1.0, np.where(cells == no, 0.0, np.nan))
    missing = np.isnan(y)
    y = np.where(missing, fill, y)
    return np.column_stack([y, missing]) if indicator else y
""",
    "one_hot": """
def one_hot(cells, categories, missing=False, rare=False):
    known = [*categories, ""] if missing else list(categories)
    y = [cells == category for category in known]
    return np.column_stack([*y, ~np.isin(cells, known)] if rare else y)
""",
    "rank": """
def rank(cells, order):
    ranks = {category: i for i, category in enumerate(order)}
    return np.array([ranks.get(cell, np.nan) for cell in cells], float)
""",
    "days": """
def days(cells):
    return (cells - np.datetime64(0, "us")) / np.timedelta64(1, "D")
""",
    "circles": """
def circles(days):
    angles = [2 * np.pi * (days % period) / period for period in (365.2425, 7.0, 1.0)]
    return np.column_stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)])
""",
    "calendar": """
def calendar(days):
    seconds = np.rint(np.clip(days, -7e5, 3e6) * 86400).astype("int64")
    day = seconds.astype("datetime64[s]").astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]").astype(int) + 1970
    in_month = (day - month.astype("datetime64[D]")).astype(int) + 1
    weekday, hour = (day.astype(int) + 3) % 7, seconds % 86400 // 3600
    return [year, month.astype(int) % 12 + 1, in_month, weekday, hour]
""",
    "words": """
def words(cells, vocabulary, idf=None, ngrams=1):
    column = {word: i for i, word in enumerate(vocabulary)}
    y = np.zeros((len(cells), len(column)))
    for row, cell in zip(y, cells):
        found = re.findall(r"\\b\\w\\w+\\b", cell.lower())
        for n in range(1, ngrams + 1):
            for gram in zip(*(found[i:] for i in range(n))):
                if " ".join(gram) in column:
                    row[column[" ".join(gram)]] += 1
    if idf is None:
        return y
    y *= idf
    length = np.sqrt((y * y).sum(axis=1, keepdims=True))
    return y / np.where(length > 0, length, 1)
""",
}
