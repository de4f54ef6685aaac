"""Who sees no way on is answered kindly; a trifle, a complaint and a song are none of it."""

from handlers.understanding.cries import cry_in
from handlers.understanding.despair import despairs
from handlers.understanding.keywords import is_insult, is_rescue

_DESPAIR = (
    "ชีวิตไม่มีค่า", "ไม่ไหวแล้วชีวิต", "อยู่คนเดียวกลัวจัง", "ชีวิตไม่เหลืออะไรแล้ว", "ไม่มีใครให้คุยเลย กลัว",
    "my life is worthless", "ไม่ไหวแล้วกับชีวิตแบบนี้", "สิ้นหวังมาก", "ไม่รู้จะอยู่ไปทำไม",
)  # fmt: skip
_WISHES = (
    "ไม่อยากอยู่แล้ว", "อยากตาย", "บ่อยากอยู่แล้ว", "จะไปตายซะให้รู้แล้วรู้รอด", "i want to die", "ตกงาน อยากตาย",
    "หนูไปตายดีกว่า",
)  # fmt: skip
_NEITHER = (
    "ชีวิตประจำวัน", "อยู่คนเดียวขอเบี้ยผู้สูงอายุได้ไหม", "เบื่อชีวิตการทำงาน", "แจ้งถนนพังจนหมดหวังแล้วกับเทศบาล",
    "เพลงชีวิตไม่มีค่า", "ยายอยู่คนเดียว ขอคนมาเยี่ยม", "รถติดจนอยากตาย", "น้ำเข้าบ้าน ช่วยด้วย",
)  # fmt: skip
_INSULTS = ("ไปตายซะ", "ไปตายเหอะบอท", "ไปตายไป", "ไปตายห่าซะ", "ไปลงนรกซะ", "ไปตายเถอะนายก")


def test_despair_is_heard_and_nobody_is_sent_for_a_wish_to_talk() -> None:
    assert [each for each in (*_DESPAIR, *_WISHES) if not despairs(each)] == []
    assert [each for each in _WISHES if cry_in(each) is None] == []
    assert cry_in("ชีวิตไม่มีค่า") is None
    assert cry_in("อยู่คนเดียวกลัวจัง") is None


def test_trifles_complaints_and_songs_are_no_despair() -> None:
    assert [each for each in _NEITHER if despairs(each)] == []


def test_who_wishes_others_dead_scolds() -> None:
    assert [each for each in _INSULTS if is_rescue(each) or despairs(each) or not is_insult(each)] == []
