"""Guessing an encoding: the code page under which the bytes are letters of one language, or signs that its script uses often."""

from __future__ import annotations

import re
from collections import Counter

# Letters beyond ASCII of languages, by the code pages that they were written in: those of Windows first, then of others.
_WESTERN = (
    *("äöüß", "äöåéü", "æøåéö", "éèêëàâçùûîïôœæ", "áéíóúñü¿¡ºª", "ãõçáéíóúâêôàü", "àèéìòù", "ëéïöüèáíó"),
    "áéíóúýþæöð",
)
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž")
_TURKISH = ("çğıöşüâîûi",)
_BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
# Of other scripts: all letters, and those that most of a text is made of.
_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_CYRILLIC = (_RUSSIAN, "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "абвгдђежзијклљмнњопрстћуфхцчџш")
_GREEK = ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",)
_HEBREW = ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)
_ARABIC = ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",)
_THAI = ("".join(map(chr, range(0x0E01, 0x0E5B))),)
_FREQUENT = {
    **dict.fromkeys(("cp1251", "koi8-r", "cp866"), frozenset("оеаиінтсрвлкмдпуя")),
    "cp1253": frozenset("αοιεηστνυρπκλωμςάίόέ"),
    "cp1255": frozenset("יוהלאמרתבשנםדע"),
    "cp1256": frozenset("الينمترودبسعهقةحفأ"),
    "cp874": frozenset("านรอกเงมยลวดทสตะปบคหแจพชขใไโีิ่้ัื็์ุู"),
}
SINGLE = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "cp1251": _CYRILLIC,
    "koi8-r": (_RUSSIAN,),
    "cp866": (_RUSSIAN,),
    "cp1253": _GREEK,
    "cp1255": _HEBREW,
    "cp1256": _ARABIC,
    "cp874": _THAI,
    "mac-roman": _WESTERN,
    "cp850": _WESTERN,
}
# Signs of two bytes: where the first byte lies, and the second, of those that a text is mostly made of.
_PAIRS = {
    # Kana, and the kanji of everyday use.
    "shift_jis": re.compile(rb"[\x82\x83][\x40-\xfc]|[\x88-\x97][\x40-\xfc]"),
    "euc_jp": re.compile(rb"[\xa4\xa5][\xa1-\xf6]|[\xb0-\xcf][\xa1-\xfe]"),
    "big5": re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]"),
    # All of Hangul; the Chinese characters of the first level are sorted by sound and reach further.
    "euc_kr": re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"),
    "gb18030": re.compile(rb"[\xb0-\xd7][\xa1-\xfe]"),
}
_KANA = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")
# Signs of Windows that stand beside words in any language.
_SIGNS = frozenset("€‚„…‰‹›‘’“”•–—™ §©«»°±²³µ·¹¼½¾º¿¡ª£¥´\u00ad\u00a0")
_LOWER_THEN_UPPER = re.compile(r"[^\W\d_A-Z]*[a-zß-ÿ][À-ÞŠŽŸ]")
_SIGN_IN_WORD = re.compile(r"[^\W\d_][^\w\s\x00-\x7f’´·\u00ad\u0e31-\u0e4e][^\W\d_]")
# A letter of another script beside one of ours.
_TWO_SCRIPTS = re.compile(r"[A-Za-z][^\W\d_A-Za-z]|[^\W\d_A-Za-z][A-Za-z]")
# Thai writes vowels and tones above and below its letters.
_WORD = re.compile(r"(?:[^\W\d_\x00-\x7f]|[\u0e31-\u0e4e]){2,}")
# Share of the frequent letters in most texts.
_OFTEN = 0.7
_SURE = 0.9


def guess(raw: bytes) -> str | None:
    """Return the code page that a text is most likely of, or None if none fits well.

    Parameters
    ----------
    raw : bytes
        Lines with bytes that are no ASCII; not UTF-8.
    """
    pairs = {name: _pairs_score(raw, name) for name in _PAIRS}
    letters = {name: _letters_score(raw, name) for name in SINGLE}
    wide = max(pairs, key=lambda name: pairs[name])
    narrow = max(letters, key=lambda name: letters[name])
    if letters[narrow] >= _SURE and letters[narrow] >= pairs[wide]:
        return narrow
    return wide if pairs[wide] >= 0.6 else narrow if letters[narrow] >= 0.6 else None


def _pairs_score(raw: bytes, name: str) -> float:
    """Return the share of the signs beyond ASCII that are frequent ones, from 0 to 1."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return 0.0
    wide = [sign for sign in text if ord(sign) > 0x7F]
    if not wide or any(0x80 <= ord(sign) < 0xA0 or 0xE000 <= ord(sign) < 0xF900 for sign in wide):
        return 0.0
    signs = [sign.encode(name) for sign in wide]
    usual = sum(_PAIRS[name].fullmatch(sign) is not None or _is_of_wide_form(sign, name) for sign in signs) / len(signs)
    kana = sum(_KANA.fullmatch(sign) is not None for sign in signs) / len(signs)
    if name == "euc_jp":
        # Without kana, Chinese and Korean look the same.
        return usual if kana > 0.1 else 0.5 * usual
    if name in ("gb18030", "euc_kr") and kana > 0.2:
        return 0.5 * usual
    if name == "big5" and not any(sign[-1] < 0x80 for sign in signs):
        # Two of five have a second byte of ASCII; those of the other code pages never.
        return 0.9 * usual
    return usual if name != "gb18030" else 0.98 * usual


def _is_of_wide_form(sign: bytes, name: str) -> bool:
    """Tell whether a sign is a full stop, a bracket, a digit or a letter in the width of the script."""
    first = sign[0]
    return len(sign) == 2 and (first == 0x81 if name == "shift_jis" else first in (0xA1, 0xA2, 0xA3))


def _letters_score(raw: bytes, name: str) -> float:
    """Return the share of the signs beyond ASCII that are letters of one language, or signs beside words."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return 0.0
    counts = Counter(sign for sign in text if ord(sign) > 0x7F)
    signs = sum(count for sign, count in counts.items() if sign in _SIGNS)
    letters = {sign: count for sign, count in counts.items() if sign not in _SIGNS}
    known: float = max(
        sum(count for sign, count in letters.items() if sign.lower()[0] in alphabet) for alphabet in SINGLE[name]
    )
    wrong = len(_LOWER_THEN_UPPER.findall(text)) + len(_SIGN_IN_WORD.findall(text))
    usual = _FREQUENT.get(name)
    if usual is not None:
        # Whole words are of another script, and of its frequent letters.
        words = "".join(_WORD.findall(text))
        frequent = sum(sign in usual for sign in words.lower())
        known = min(known, len(words)) * min(1.0, frequent / max(1.0, _OFTEN * len(words)))
        # Most letters are small ones; another code page may have the large ones there.
        known *= 1 - 0.1 * sum(sign.isupper() for sign in words) / max(1, len(words))
        wrong += len(_TWO_SCRIPTS.findall(text))
    # A sign is no proof: every code page has some, and that of Windows is the usual one.
    return max(0.0, (known + (1.0 if name == "cp1252" else 0.8) * signs - 2 * wrong) / sum(counts.values()))
