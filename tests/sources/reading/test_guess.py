"""Guessed encodings: short tables in many languages and code pages come out as they were written."""

from __future__ import annotations

import pytest

from chainrule.errors import DataError
from chainrule.sources.source import Reading, read_table
from tests.conftest import Write

# First names of columns, then rows of two cells, a class behind each.
TABLES = {
    "de": ("größe,ort\nschön,Köln\nweiß,München\nSüß,Düsseldorf", "cp1252 mac-roman cp850"),
    "fr": ("nom,prénom\nDupré,Hélène\nà côté,garçon\nÉtat,naïve", "cp1252 mac-roman cp850"),
    "es": ("año,ciudad\nmañana,Málaga\n¿qué?,Cádiz", "cp1252 mac-roman cp850"),
    "pt": ("nome,cidade\nJoão,São Paulo\nmaçã,Brasília", "cp1252 mac-roman"),
    "da": ("by,navn\nKøbenhavn,Søren\nÅrhus,Bjørn", "cp1252 mac-roman cp850"),
    "pl": ("miasto,imię\nŁódź,Michał\nKraków,Małgorzata\nczęść,żółty", "cp1250 iso8859-2"),
    "cs": ("město,jméno\nPlzeň,Dvořák\nTřebíč,Růžena\nšpatně,žlutý", "cp1250 iso8859-2"),
    "hu": ("város,név\nGyőr,Erzsébet\nfű,különböző", "cp1250"),
    "tr": ("şehir,isim\nİstanbul,Ayşe\nDiyarbakır,Uğur\nIğdır,Gülşah", "cp1254"),
    "lt": ("miestas,vardas\nKlaipėda,Jūratė\nŠiauliai,Žydrūnas", "cp1257"),
    "ru": ("имя,город\nИванов,Москва\nПётр Сергеевич,Казань", "cp1251 koi8-r cp866"),
    "el": ("όνομα,πόλη\nΓιώργος,Αθήνα\nΠαπαδόπουλος,Θεσσαλονίκη", "cp1253"),
    "he": ("שם,עיר\nדוד,ירושלים\nשרה,תל אביב", "cp1255"),
    "ar": ("اسم,مدينة\nمحمد,القاهرة\nفاطمة,بغداد", "cp1256"),
    "th": ("ชื่อ,เมือง\nสมชาย,กรุงเทพ\nดี,ไม่ดี", "cp874"),
    "zh": ("城市,等级\n北京,高\n上海,低\n广州,价格便宜", "gbk gb18030"),
    "tw": ("城市,等級\n台北,高\n高雄,低\n新竹,服務態度差", "big5"),
    "hk": ("地區,樓價\n旺角,五百萬\n銅鑼灣,一千萬", "big5"),
    "ja": ("名前,都市\n東京都千代田区,よい\nカタカナ,安い", "shift_jis euc_jp"),
    "ko": ("이름,도시\n서울특별시 강남구,좋음\n부산,나쁨", "euc_kr"),
    "signs": ("price,band\n€ many,10–20\n€ few,20–30", "cp1252"),
    "unit": ("x,unit\n12,µg\n13,°C", "cp1252"),
    "quotes": ("text,label\nit’s “good”,a\n“no” – never,b", "cp1252"),
}
PAIRS = [(language, encoding) for language, (_, names) in TABLES.items() for encoding in names.split()]


@pytest.mark.parametrize(("language", "encoding"), PAIRS)
def test_a_short_table_is_read_as_it_was_written_and_the_guess_told(write: Write, language: str, encoding: str) -> None:
    text = TABLES[language][0]
    # Nothing but the words, so that no number decides it.
    source = read_table(write(f"{text}\n".encode(encoding)), Reading(header="first"))
    rows = [line.split(",") for line in text.split("\n")]
    assert [list(source.frame.columns), *source.frame.astype(str).to_numpy().tolist()] == rows
    assert any("the encoding is guessed" in note for note in source.notes)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(write: Write, encoding: str) -> None:
    source = read_table(write("Käse,x\nalt,1\njung,2\n".encode(encoding)))
    assert source.frame["Käse"].tolist() == ["alt", "jung"]
    assert encoding in source.notes[0]


def test_a_tar_archive_is_refused_by_name(write: Write) -> None:
    with pytest.raises(DataError, match="tar archive"):
        read_table(write(b"t.csv".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 300))
